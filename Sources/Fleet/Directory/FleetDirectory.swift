package import Inventory
package import Values

/// A fleet is a directory: inventory, roles, authority, and what Drover itself remembers.
package struct FleetDirectory: Sendable {
    /// The directory, absolute.
    package let root: String
    /// Inventory files or folders given on the command line; empty for `inventory/` of the directory.
    package var inventoryPaths: [String] = []
    /// Folders of roles that are looked at first, before `roles/` of the directory and the stock roles.
    package var rolesPaths: [String] = []
    /// Files of vars laid over the inventory's own, in order.
    package var varsFiles: [String] = []

    package init(root: String) { self.root = DiskPath.absolute(DiskPath.expandingHome(root)) }

    package var pki: String { DiskPath.join(root, "pki") }
    package var knownHosts: String { DiskPath.join(root, "inventory/known_hosts") }
    package var memory: String { DiskPath.join(root, ".drover") }
    package var journal: String { DiskPath.join(memory, "journal") }
    package var factCache: String { DiskPath.join(memory, "facts") }
    package var images: String { DiskPath.join(memory, "images") }

    /// Role folders in the order they are looked in.
    package var roleRoots: [String] {
        rolesPaths.map(DiskPath.expandingHome) + [DiskPath.join(root, "roles")]
    }

    /// The names of all roles there are.
    package var roleNames: [String] {
        let names = roleRoots.flatMap { root in
            DiskPath.list(root).filter { DiskPath.isFile(DiskPath.join(root, "\($0)/init.sls")) }
        }
        return Set(names).sorted()
    }

    /// Reads the inventory with the vars files laid over it.
    /// - Throws: `Diagnostics` for everything wrong in the files, all at once where they can be read.
    package func loadInventory() throws(Diagnostics) -> Inventory {
        var sources: [SourceText] = []
        let given = inventoryPaths.isEmpty ? [DiskPath.join(root, "inventory")] : inventoryPaths
        for path in given.map(DiskPath.expandingHome) {
            if DiskPath.isDirectory(path) {
                let names = DiskPath.list(path).filter { Self.isInventoryFile($0) }
                for name in names { sources.append(try source(DiskPath.join(path, name))) }
            } else {
                sources.append(try source(path))
            }
        }
        guard !sources.isEmpty else { throw Diagnostics(Self.noInventory(at: given.joined(separator: ", "))) }
        return try Inventory.load(sources, overlay: try overlay())
    }

    private func overlay() throws(Diagnostics) -> Mapping {
        var vars = Mapping()
        for path in varsFiles {
            let value = try YAML.read(try source(DiskPath.expandingHome(path)))
            if value.isNull { continue }
            guard let map = value.map else {
                throw Diagnostics(.error("a file of vars holds a mapping, found \(value.kindName)", mark: value.mark))
            }
            vars = vars.merged(with: map)
        }
        return vars
    }

    private static func isInventoryFile(_ name: String) -> Bool {
        (name.hasSuffix(".yaml") || name.hasSuffix(".yml")) && !name.hasPrefix(".")
    }

    private static func noInventory(at place: String) -> Diagnostic {
        .error(
            "no inventory in \"\(place)\"", detail: "a fleet directory has inventory/hosts.yaml",
            hint: "make a fleet with `drover init DIR`, or name one with -C DIR or -i PATH")
    }

    private func source(_ path: String) throws(Diagnostics) -> SourceText {
        do {
            return SourceText(name: displayName(path), text: try DiskFile.readText(path))
        } catch {
            if error.number == 2 && inventoryPaths.isEmpty && varsFiles.isEmpty {
                throw Diagnostics(Self.noInventory(at: path))
            }
            throw Diagnostics(error.diagnostic)
        }
    }

    /// Paths inside the fleet directory are named from its root, as people think of them.
    package func displayName(_ path: String) -> String {
        path.hasPrefix(root + "/") ? String(path.dropFirst(root.count + 1)) : path
    }
}
