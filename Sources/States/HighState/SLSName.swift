/// The dotted name of an SLS file and where it is looked for.
struct SLSName: Sendable, Hashable {
    let name: String

    init(_ name: String) { self.name = name }

    /// The paths that may hold it, first the one that wins: `a.b` is `a/b.sls` or `a/b/init.sls`.
    var paths: [String] {
        let path = name.split(separator: ".", omittingEmptySubsequences: false).joined(separator: "/")
        return ["\(path).sls", "\(path)/init.sls"]
    }

    /// The name that a path stands for; nil for files that are no SLS.
    init?(path: String) {
        guard path.hasSuffix(".sls") else { return nil }
        var parts = path.dropLast(4).split(separator: "/")
        if parts.last == "init", parts.count > 1 { parts.removeLast() }
        // A dot in a folder's name could not be told from the dots between folders.
        guard !parts.isEmpty, !parts.contains(where: { $0.contains(".") }) else { return nil }
        name = parts.joined(separator: ".")
    }

    /// What `.x` or `..x` means in this SLS; nil if it leads beyond the roots.
    /// - Parameter isFolder: whether this SLS is an `init.sls`, which counts as one level more.
    func resolve(_ relative: String, isFolder: Bool) -> String? {
        guard relative.hasPrefix(".") else { return relative }
        let levels = relative.prefix { $0 == "." }.count
        let rest = relative.dropFirst(levels)
        var parts: [Substring] = name.split(separator: ".")
        if isFolder { parts.append("init") }
        guard levels <= parts.count, !rest.isEmpty else { return nil }
        parts.removeLast(levels)
        parts.append(rest)
        return parts.joined(separator: ".")
    }
}
