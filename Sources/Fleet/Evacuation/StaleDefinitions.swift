internal import Hypervisor
internal import Inventory
internal import Values

/// The definitions that a host still has of VMs that were started elsewhere while it was lost.
struct StaleDefinitions: Sendable {
    let context: FleetContext
    let driver: any HypervisorDriver
    let host: Host

    /// Removes those whose VMs other hosts have; disks stay, as they are the others'.
    /// - Throws: `Diagnostics` when such a VM runs here too: this copy is paused then, and a person has to decide.
    func remove() async throws {
        let memory = EvacuationMemory(context.directory)
        guard let entry = memory.entry(of: host.name) else { return }
        let others = await MachineCensus(context, driver: driver).take().filter { $0.host.name != host.name }
        var places: [String: String] = [:]
        for answer in others {
            for machine in try answer.machines.get() { places[machine.uuid] = answer.host.name }
        }
        let twice = try await driver.visit(host) { connection in
            var twice: [Diagnostic] = []
            for departure in entry.departures {
                guard let place = places[departure.uuid], let here = try await connection.domain(.uuid(departure.uuid))
                else { continue }
                if here.state.isActive {
                    if here.state.activity == .running { try await connection.suspend(.uuid(departure.uuid)) }
                    twice.append(Self.twice(departure.vm, place, host))
                } else {
                    if here.autostart { try await connection.setAutostart(.uuid(departure.uuid), false) }
                    try await connection.undefine(.uuid(departure.uuid), keepingNVRAM: true)
                }
            }
            return twice
        }
        if let found = Diagnostics(twice) { throw found }
        try memory.forget(host.name)
    }

    private static func twice(_ vm: String, _ place: String, _ host: Host) -> Diagnostic {
        .error(
            "\"\(vm)\" was started here too, while it runs on \(place)",
            detail: "the copy here was paused; if both wrote to one disk, its file system is damaged",
            hint: "look at the disk; then end this copy with `virsh destroy \(vm)` here, and undrain again",
            host: host.name)
    }
}
