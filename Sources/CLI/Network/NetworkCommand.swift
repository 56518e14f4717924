internal import ArgumentParser

struct NetworkCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "network", abstract: "Keep the hosts' virtual networks",
        discussion: """
            EXAMPLES
              drover network create default --mode nat -t hypervisors
              drover network create lab --mode isolated --cidr 10.9.0.0/24 --domain lab -t hv1
              drover network create lan --mode bridge --bridge br0 -t hypervisors
              drover network update lab --add-host 52:54:00:aa:bb:01,10.9.0.5,db1 -t hv1
              drover network leases
            """,
        subcommands: [
            NetworkList.self, NetworkShow.self, NetworkCreate.self, NetworkUpdateCommand.self, NetworkStart.self,
            NetworkStop.self, NetworkDelete.self, NetworkLeases.self,
        ])
}
