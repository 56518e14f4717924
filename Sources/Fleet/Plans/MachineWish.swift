internal import Inventory
package import Values

/// A VM that the fleet should have: an entry of `vms.yaml`.
package struct MachineWish: Sendable {
    /// Its image is a name, also where the entry gives a path or a URL.
    package private(set) var spec: MachineSpec
    /// The path or URL that its image is taken in from.
    package private(set) var imageSource: String?
    package let mark: Mark?

    /// - Parameter folder: what a path is relative to.
    package init(spec: MachineSpec, mark: Mark? = nil, folder: String = ".") {
        self.spec = spec
        self.mark = mark
        guard let word = spec.image, word.contains("/") else { return }
        let location = ImageLocation(word)
        let path = DiskPath.expandingHome(word)
        imageSource = location != nil || path.hasPrefix("/") ? path : DiskPath.join(folder, path)
        self.spec.image = ImageNames(name: nil).filled(from: location?.fileName ?? DiskPath.lastComponent(path)).name
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
        let folder = DiskPath.join(context.directory.root, "inventory")
        var wishes: [MachineWish] = []
        for entry in entries where names.isEmpty || names.contains(entry.name) {
            do throws(Diagnostics) {
                let spec = try MachineSpec(entry: entry, vars: context.inventory.vars, folder: folder)
                try spec.validate()
                if let host = spec.host { _ = try context.host(named: host) }
                wishes.append(MachineWish(spec: spec, mark: entry.mark, folder: folder))
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
