import Values

/// Where a template stands, in the variables that Salt's templates know.
struct TemplatePath: Sendable {
    /// The path relative to the roots: `apache/config/file.sls`.
    let file: String
    /// The path as the source itself calls it.
    let full: String

    /// The folder, `.` for the root.
    var folder: String {
        guard let slash = file.lastIndex(of: "/") else { return "." }
        return String(file[..<slash])
    }

    /// The first folder of the path, `.` for the root.
    var root: String { folder.split(separator: "/").first.map(String.init) ?? "." }

    var variables: [String: Value] {
        let path = folder == "." ? "" : folder
        func parted(by separator: String) -> Value { Value(path.split(separator: "/").joined(separator: separator)) }
        return [
            "tplpath": Value(full), "tplfile": Value(file), "tpldir": Value(folder), "tplroot": Value(root),
            "tpldot": parted(by: "."), "slspath": Value(path), "slsdotpath": parted(by: "."),
            "slscolonpath": parted(by: ":"), "sls_path": parted(by: "_"),
        ]
    }

    /// The path that a name given to `import` or `include` means: `salt://x` and `x` from the roots, `./x` and `../x` from here.
    /// Nil if it leads beyond the roots.
    func resolve(_ name: String) -> String? {
        var parts: [Substring] = []
        var rest = Substring(name)
        if rest.hasPrefix("salt://") {
            rest.removeFirst("salt://".count)
        } else if rest.hasPrefix("./") || rest.hasPrefix("../") {
            parts = folder == "." ? [] : folder.split(separator: "/")
        }
        for part in rest.split(separator: "/") where part != "." {
            if part == ".." {
                guard parts.popLast() != nil else { return nil }
            } else {
                parts.append(part)
            }
        }
        return parts.joined(separator: "/")
    }
}
