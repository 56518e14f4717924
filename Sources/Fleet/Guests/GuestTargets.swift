package import Hypervisor
package import Inventory
package import Values

extension FleetContext {
    /// The hosts of a target expression, VMs among them: all hosts of the inventory when there is none.
    ///
    /// Hypervisors are asked only where the expression speaks of VMs: by `vm:`, the group `vms`, the name of a VM that
    /// was seen before, or a name, pattern, role or var that fits a VM of `vms.yaml`. `all` means the hosts.
    /// - Parameter driver: the way to the hypervisors, made when it is needed.
    /// - Throws: `Diagnostics` for an unknown name, or for an expression that nothing matches.
    package func hosts(_ target: String?, driver: () throws -> any HypervisorDriver) async throws -> [Host] {
        guard let target, try speaksOfMachines(target) else { return try hosts(target) }
        let guests = GuestHosts(self, driver: try driver())
        let sightings = await guests.sightings()
        let chosen = try with(inventory.adding(machineHosts: sightings.map(\.host))).hosts(target)
        let names = Set(chosen.filter { inventory.host($0.name) == nil }.map(\.name))
        let reached = await guests.reached(sightings.filter { names.contains($0.host.name) })
        let byName = Dictionary(reached.map { ($0.name, $0) }) { first, _ in first }
        return chosen.map { byName[$0.name] ?? $0 }
    }

    /// The VMs of `vms.yaml` that have roles, as hosts; nobody is asked when there are none.
    /// - Returns: those that run, and the names of those that do not.
    package func guestsWithRoles(
        driver: () throws -> any HypervisorDriver
    ) async throws -> (running: [Host], absent: [Host]) {
        let names = inventory.machines.map(\.name).filter { !inventory.guest($0, address: $0, jump: nil).roles.isEmpty }
        guard !names.isEmpty else { return ([], []) }
        let guests = await GuestHosts(self, driver: try driver()).named(names)
        return (guests.filter { $0.obstacle == nil }, guests.filter { $0.obstacle != nil })
    }

    private func speaksOfMachines(_ target: String) throws(Diagnostics) -> Bool {
        let expression = try TargetExpression(target)
        if expression.namesMachines { return true }
        let unknown = expression.unknownNames(in: inventory)
        if !unknown.isEmpty, !MachineMemory(directory).names().isDisjoint(with: unknown) { return true }
        let last = LastRun(directory).read()
        let known = Set(inventory.hosts.map(\.name))
        if expression.needsLastRun, let last, !last.failed.union(last.unreachable).isSubset(of: known) { return true }
        let machines = inventory.machines.map { inventory.guest($0.name, address: $0.name, jump: nil) }
        guard !machines.isEmpty else { return false }
        return expression.fits(machines, facts: expression.needsFacts ? FactCache(directory).readAll() : [:])
    }

    private func with(_ inventory: Inventory) -> FleetContext {
        FleetContext(
            directory: directory, inventory: inventory, connector: connector, parallel: parallel, logger: logger)
    }
}
