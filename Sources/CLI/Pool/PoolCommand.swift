internal import ArgumentParser

struct PoolCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pool", abstract: "Keep the hosts' storage pools and the volumes in them",
        discussion: """
            EXAMPLES
              drover pool list
              drover pool create data --path /srv/data -t hypervisors
              drover pool create vg0 --type logical --source-name vg0 -t hv1
              drover pool create share --type netfs --path /srv/share --source-host nas --source-dir /export -t hypervisors
              drover pool volume create data scratch.qcow2 --size 20G -t hv1
              drover pool delete data -t hypervisors
            """,
        subcommands: [
            PoolList.self, PoolShow.self, PoolCreate.self, PoolSet.self, PoolStart.self, PoolStop.self,
            PoolRefresh.self, PoolDelete.self, VolumeCommand.self,
        ])
}
