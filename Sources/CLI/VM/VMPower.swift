internal import ArgumentParser
internal import Fleet
internal import Hypervisor
internal import Inventory
internal import Values

struct VMStart: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "start", abstract: "Start VMs; saved ones go on where they were")
    @Argument(help: "VMs") var names: [String]
    @Flag(help: "Throw away the memory of saved VMs: a cold start") var discardSaved = false
    @Flag(help: "Wait until the guests can be logged in to") var wait = false
    @Option(help: "The same, but wait at most so many seconds (300)") var waitFor: Int?
    @OptionGroup var other: OtherHostsOptions
    @OptionGroup var common: CommonOptions

    func validate() throws {
        if let waitFor, !(1...86_400).contains(waitFor) {
            throw ValidationError("--wait-for must be 1 to 86400 seconds")
        }
    }

    func run() async throws {
        if discardSaved {
            try common.confirmed("throw away the memory of \(names.quoted), as far as it is saved?")
        }
        let outcomes = try await common.tell(
            .start(discardingSaved: discardSaved), on: names, assumedAbsent: other.assumeAbsent)
        var errors = outcomes.compactMap(\.error)
        if wait || waitFor != nil {
            let started = outcomes.filter { $0.error == nil }.map(\.name)
            errors += try await common.waitForGuests(started, seconds: waitFor ?? 300)
        }
        try failIfAny(errors, of: outcomes.count)
    }
}

struct VMStop: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stop", abstract: "Ask the guests of VMs to shut down, and wait for them")
    @Argument(help: "VMs") var names: [String]
    @Option(help: "Seconds to wait; 0 does not wait") var wait = 60
    @OptionGroup var common: CommonOptions

    func validate() throws {
        guard (0...86_400).contains(wait) else { throw ValidationError("--wait must be 0 to 86400 seconds") }
    }

    func run() async throws { try await common.act(.stop(within: wait), on: names) }
}

struct VMKill: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "kill", abstract: "Pull the plug of VMs")
    @Argument(help: "VMs") var names: [String]
    @OptionGroup var common: CommonOptions

    func run() async throws {
        try common.confirmed("pull the plug of \(names.quoted)? What is not written yet is lost.")
        try await common.act(.kill, on: names)
    }
}
