internal import ArgumentParser
internal import Fleet
internal import Values

struct VMReboot: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reboot", abstract: "Have the guests of VMs reboot, and wait for it",
        discussion: """
            Asks the guest's agent, else presses the power button. A guest that does neither within --wait seconds is a
            failure; with --force its reset button is pressed then.
            """)
    @Argument(help: "VMs") var names: [String]
    @Option(help: "Seconds to wait; 0 does not wait") var wait = 60
    @Flag(help: "Press the reset button of a guest that does not reboot by itself") var force = false
    @OptionGroup var common: CommonOptions

    func validate() throws {
        guard !force || wait > 0 else { throw ValidationError("--force needs --wait; `vm reset` resets at once") }
    }

    func run() async throws { try await common.act(.reboot(within: wait, force: force), on: names) }
}

struct VMReset: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "reset", abstract: "Press the reset button of VMs")
    @Argument(help: "VMs") var names: [String]
    @OptionGroup var common: CommonOptions

    func run() async throws {
        try common.confirmed("reset \(names.quoted)? What is not written yet is lost.")
        try await common.act(.reset, on: names)
    }
}

struct VMPause: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause", abstract: "Have the guests of VMs stand still, in memory")
    @Argument(help: "VMs") var names: [String]
    @OptionGroup var common: CommonOptions

    func run() async throws { try await common.act(.pause, on: names) }
}

struct VMResume: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "resume", abstract: "Have paused VMs go on")
    @Argument(help: "VMs") var names: [String]
    @OptionGroup var other: OtherHostsOptions
    @OptionGroup var common: CommonOptions

    func run() async throws { try await common.act(.resume, on: names, assumedAbsent: other.assumeAbsent) }
}

struct VMSave: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "save", abstract: "Write the memory of VMs to disk and stop them; `vm start` goes on from there")
    @Argument(help: "VMs") var names: [String]
    @OptionGroup var common: CommonOptions

    func run() async throws { try await common.act(.save, on: names) }
}
