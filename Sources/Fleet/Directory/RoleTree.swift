internal import States
package import Values

/// The roles of a fleet on disk, as the state compiler reads them: the first folder that has a path wins.
package struct RoleTree: SourceTree {
    private let roots: [String]
    private let name: @Sendable (String) -> String

    package init(_ directory: FleetDirectory) {
        roots = directory.roleRoots
        name = { directory.displayName($0) }
    }

    package func read(_ path: String) throws -> SourceText? {
        guard let found = locate(path) else { return nil }
        return SourceText(name: name(found), text: try DiskFile.readText(found))
    }

    package func bytes(_ path: String) throws -> [UInt8]? {
        guard let found = locate(path) else { return nil }
        return try DiskFile.read(found)
    }

    package func list(_ folder: String) -> [String] {
        guard !Self.escapes(folder) else { return [] }
        var names: Set<String> = []
        for root in roots { collect(folder, under: root, into: &names, depth: 0) }
        return names.sorted()
    }

    /// A link that leads back up must not be followed for ever.
    private func collect(_ folder: String, under root: String, into names: inout Set<String>, depth: Int) {
        guard depth < 32 else { return }
        let place = folder.isEmpty ? root : DiskPath.join(root, folder)
        for name in DiskPath.list(place) {
            let path = folder.isEmpty ? name : DiskPath.join(folder, name)
            if DiskPath.isDirectory(DiskPath.join(root, path)) {
                collect(path, under: root, into: &names, depth: depth + 1)
            } else {
                names.insert(path)
            }
        }
    }

    /// Where a file of the roles lies.
    package func locate(_ path: String) -> String? {
        guard !Self.escapes(path) else { return nil }
        for root in roots {
            let candidate = DiskPath.join(root, path)
            if DiskPath.isFile(candidate) { return candidate }
        }
        return nil
    }

    /// A role may not read outside the role folders.
    private static func escapes(_ path: String) -> Bool {
        path.hasPrefix("/") || path.split(separator: "/").contains("..")
    }
}
