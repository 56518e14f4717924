internal import ArgumentParser

struct HostCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "host", abstract: "Look at hosts, trust their keys, run commands on them, empty them",
        discussion: """
            EXAMPLES
              drover host trust -t hv[1-3]
              drover host ping
              drover host facts -t hv1 --format json
              drover host run -t hypervisors -- uptime
              drover host drain hv3
            """,
        subcommands: [
            HostList.self, HostShow.self, HostTrustCommand.self, HostPing.self, HostFacts.self, HostRun.self,
            HostDrainCommand.self, HostUndrain.self, HostEvacuate.self, HostRemove.self, HostBaseline.self,
            HostCopy.self, HostWake.self,
        ])
}
