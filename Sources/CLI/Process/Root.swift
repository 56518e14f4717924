internal import ArgumentParser

/// The command line's root lists groups only.
struct Root: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drover",
        abstract: "Turn Linux machines that you reach over SSH into a private cloud",
        discussion: """
            EXAMPLES
              drover init fleet && cd fleet     a new fleet directory with the stock roles
              drover host trust                 accept the hosts' SSH keys once compared
              drover apply                      make the hosts hypervisors
              drover vm create web1 --image debian-12 --on hv1
              drover vm migrate web1 --to hv2
            """,
        version: Version.text,
        subcommands: [
            InitCommand.self, LabCommand.self, HostCommand.self, ApplyCommand.self, StateCommand.self, PKICommand.self,
            ImageCommand.self, VMCommand.self, UpCommand.self, PoolCommand.self, NetworkCommand.self,
            BalanceCommand.self, OperationCommand.self,
        ])
}

enum Version {
    static let text = "0.1.0"
}
