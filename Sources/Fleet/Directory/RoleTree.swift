package import States
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
        var names: Set<String> = []
        for root in roots where !Self.escapes(folder) {
            names.formUnion(DiskPath.list(DiskPath.join(root, folder)))
        }
        return names.sorted()
    }

    private func locate(_ path: String) -> String? {
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
