internal import ArgumentParser
internal import Fleet
internal import Hypervisor
internal import Inventory
internal import Values

struct VMStart: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "start", abstract: "Start a VM")
    @Argument(help: "VM") var name: String
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let context = try common.context()
        let started = try await MachinePower(context, driver: try common.hypervisors(context)).start(name)
        Terminal.note(started ? "\(name) started" : "\(name) runs already")
    }
}

struct VMStop: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stop", abstract: "Ask a VM's guest to shut down, and wait for it")
    @Argument(help: "VM") var name: String
    @Option(help: "Seconds to wait") var wait = 60
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let context = try common.context()
        let power = MachinePower(context, driver: try common.hypervisors(context))
        guard try await power.stop(name, within: wait) else {
            throw CommandFailure(
                .error,
                [
                    .error(
                        "\"\(name)\" is still on after \(wait) s", detail: "its guest was asked to shut down",
                        hint: "wait longer with --wait, or pull the plug with `drover vm kill \(name)`")
                ])
        }
        Terminal.note("\(name) is off")
    }
}

struct VMKill: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "kill", abstract: "Pull a VM's plug")
    @Argument(help: "VM") var name: String
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let context = try common.context()
        try common.confirmed("pull the plug of \"\(name)\"? What its guest has not written is lost.")
        try await MachinePower(context, driver: try common.hypervisors(context)).kill(name)
        Terminal.note("\(name) is off")
    }
}

struct VMDelete: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Delete a VM and its own volumes; its image stays")
    @Argument(help: "VM") var name: String
    @Flag(help: "Delete it though it runs") var force = false
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let context = try common.context()
        let power = MachinePower(context, driver: try common.hypervisors(context))
        let (found, volumes) = try await power.remains(of: name)
        if found.machine.state.isActive && !force {
            throw CommandFailure(
                .error,
                [
                    .error(
                        "\"\(found.machine.name)\" is \(found.machine.state.activity.name)",
                        hint: "stop it first, or add --force", host: found.host.name)
                ])
        }
        Terminal.note("\(found.machine.name) on \(found.host.name) will be lost, with")
        for volume in volumes { Terminal.note("  \(Printable.line(volume))") }
        try common.confirmed("delete \"\(found.machine.name)\"?")
        try await power.delete(found, volumes: volumes, force: force)
        Terminal.note("\(found.machine.name) deleted")
    }
}
