internal import ArgumentParser
internal import Fleet
internal import Hypervisor
internal import Inventory
internal import Values

struct VMDelete: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Delete VMs and their own volumes; images stay")
    @Argument(help: "VMs") var names: [String]
    @Flag(help: "Delete those that run, too") var force = false
    @OptionGroup var other: OtherHostsOptions
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let context = try common.context()
        let deletion = MachineDeletion(context, driver: try common.hypervisors(context))
        var doomed: [MachineDeletion.Remains] = []
        var seen: Set<String> = []
        for name in names where seen.insert(name).inserted { doomed.append(try await deletion.remains(of: name)) }
        try refuseRunning(doomed)
        for remains in doomed {
            Terminal.note("\(remains.found.machine.name) on \(remains.found.host.name) will be lost, with")
            for volume in remains.volumes { Terminal.note("  \(Printable.line(volume))") }
            Terminal.show(remains.warnings)
        }
        try common.confirmed("delete \(doomed.map(\.found.machine.name).quoted)?")
        var errors: [any Error] = []
        for remains in doomed where !Task.isCancelled {
            do {
                let kept = try await deletion.delete(
                    remains.found, volumes: remains.volumes, force: force, assumedAbsent: other.assumeAbsent)
                Terminal.show(kept)
                Terminal.note("\(remains.found.machine.name) deleted")
            } catch {
                errors.append(error)
            }
        }
        try Task.checkCancellation()
        try failIfAny(errors, of: doomed.count)
    }

    private func refuseRunning(_ doomed: [MachineDeletion.Remains]) throws {
        let running = doomed.map(\.found).filter { $0.machine.state.isActive && !force }
        guard running.isEmpty else {
            throw CommandFailure(
                .error,
                running.map { found in
                    .error(
                        "\"\(found.machine.name)\" is \(found.machine.state.activity.name)",
                        hint: "stop it first, or add --force", host: found.host.name)
                })
        }
    }
}
