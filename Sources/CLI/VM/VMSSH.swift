internal import ArgumentParser
internal import Fleet
internal import Values

struct VMSSH: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ssh", abstract: "Log in to a VM's guest, or run a command there, through its hypervisor",
        discussion: """
            The system's ssh does it, with the hypervisor as jump host; it exits as ssh does. The guest's host key has to be the one
            that Drover gave it at first boot. Of a guest that has none, the key is looked for under the VM's name in the fleet's and
            the user's known_hosts, and asked about on a terminal.

            One word behind -- is a command line for the guest's shell; several are a command and its arguments.

            EXAMPLES
              drover vm ssh web1
              drover vm ssh web1 -l debian -- uptime
              drover vm ssh web1 -- 'journalctl -b | tail'
            """)
    @Argument(help: "VM") var name: String
    @Option(name: [.customShort("l"), .customLong("user")], help: "User; the inventory's if not given") var user:
        String?
    @Argument(parsing: .postTerminator, help: "The command and its arguments") var command: [String] = []
    @OptionGroup var common: CommonOptions

    func validate() throws {
        if let user, user.isEmpty || user.hasPrefix("-") { throw ValidationError("\"\(user)\" is no user name") }
    }

    func run() async throws {
        let context = try common.context()
        let login = MachineLogin(context, driver: try common.hypervisors(context))
        let words = try await login.words(name, user: user, command: command, isTerminal: Terminal.isInputTerminal)
        try Replacement.become(words)
    }
}
