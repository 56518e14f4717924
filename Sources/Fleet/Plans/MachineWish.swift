internal import Inventory
package import Values

/// A VM that the fleet should have: an entry of `vms.yaml`.
package struct MachineWish: Sendable {
    package var spec: MachineSpec
    package let mark: Mark?

    package init(spec: MachineSpec, mark: Mark? = nil) {
        self.spec = spec
        self.mark = mark
    }

    /// Reads the entries of the inventory.
    /// - Parameter names: those wanted; empty for all.
    /// - Throws: every mistake of all entries, and names that are not among them.
    package static func read(_ context: FleetContext, _ names: [String]) throws(Diagnostics) -> [MachineWish] {
        let entries = context.inventory.machines
        var problems = names.filter { name in !entries.contains { $0.name == name } }.map { name in
            let known = entries.map(\.name)
            return Diagnostic.error(
                "there is no VM \"\(name)\" in the inventory",
                detail: "its VMs are under `vms:`, as in inventory/vms.yaml",
                hint: NearestName.hint(for: name, among: known))
        }
        var wishes: [MachineWish] = []
        for entry in entries where names.isEmpty || names.contains(entry.name) {
            do throws(Diagnostics) {
                let spec = try MachineSpec(
                    entry: entry, vars: context.inventory.vars,
                    folder: DiskPath.join(context.directory.root, "inventory"))
                try spec.validate()
                if let host = spec.host { _ = try context.host(named: host) }
                wishes.append(MachineWish(spec: spec, mark: entry.mark))
            } catch {
                problems += error.all.map { problem in
                    var problem = problem
                    problem.mark = problem.mark ?? entry.mark
                    return problem
                }
            }
        }
        if let found = Diagnostics(problems) { throw found }
        return wishes
    }
}
