/// Names of templates as Salt resolves them.
enum TemplatePath {
    /// `./map.jinja` and `../x/map.jinja` are relative to the folder of the template that names them;
    /// `salt://` is dropped.
    /// - Throws: a `Fault` if the path leaves the tree.
    static func resolved(_ name: String, from folder: String) throws -> String {
        let path = name.hasPrefix("salt://") ? String(name.dropFirst(7)) : name
        guard path == "." || path == ".." || path.hasPrefix("./") || path.hasPrefix("../") else { return path }
        var parts: [Substring] = []
        for part in (folder + "/" + path).split(separator: "/") where part != "." {
            if part != ".." {
                parts.append(part)
            } else if parts.popLast() == nil {
                throw Fault("template path \"\(name)\" leads out of the tree")
            }
        }
        return parts.joined(separator: "/")
    }

    static func folder(of path: String) -> String { path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "" }

    /// The names that tell a template where it is: `tplfile`, `tpldir`, `tpldot`, `tplroot`.
    static func names(of path: String) -> [String: Datum] {
        let folder = folder(of: path)
        let root = folder.split(separator: "/").first.map(String.init) ?? "."
        return [
            "tplfile": .string(path), "tpldir": .string(folder.isEmpty ? "." : folder), "tplroot": .string(root),
            "tpldot": .string(folder.replacing("/", with: ".")),
        ]
    }
}
