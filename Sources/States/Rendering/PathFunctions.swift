import Values

/// `file.*` on names of paths, what can be asked of the roles' own files, `test.*`, and `log.*`, which says nothing.
struct PathFunctions: Sendable {
    let tree: any SourceTree

    var functions: [String: SaltFunctions.Body] {
        Dictionary(paths + files + tests + logs) { first, _ in first }
    }

    private var paths: [(String, SaltFunctions.Body)] {
        [
            SaltCall.body("file.dirname", ["path"]) { call in Value(Self.folder(of: try call.text("path"))) },
            SaltCall.body("file.basename", ["path"]) { call in
                Value(String(try call.text("path").split(on: "/").last ?? ""))
            },
            SaltCall.body("file.join", [], variadic: true) { call in
                Value(call.rest.compactMap(\.scalarText).reduce("") { Self.join($0, $1) })
            },
        ]
    }

    private var files: [(String, SaltFunctions.Body)] {
        [
            SaltCall.body("slsutil.file_exists", ["path"]) { call in
                let path = try call.text("path")
                return Value(try tree.bytes(path) != nil)
            },
            SaltCall.body("slsutil.dir_exists", ["path"]) { call in Value(!tree.list(try call.text("path")).isEmpty) },
            SaltCall.body("slsutil.path_exists", ["path"]) { call in
                let path = try call.text("path")
                return Value(try tree.bytes(path) != nil || !tree.list(path).isEmpty)
            },
        ]
    }

    private var tests: [(String, SaltFunctions.Body)] {
        [
            SaltCall.body("test.ping", []) { _ in true },
            SaltCall.body("test.true", []) { _ in true },
            SaltCall.body("test.false", []) { _ in false },
            SaltCall.body("test.echo", ["text"]) { call in try call.needed("text") },
        ]
    }

    private var logs: [(String, SaltFunctions.Body)] {
        ["debug", "info", "warning", "error", "critical", "exception", "trace"].map { level in
            SaltCall.body("log.\(level)", ["message"]) { _ in true }
        }
    }

    /// The folder of a path, as Python's `os.path.dirname` gives it.
    private static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "" }
        var head = path[...slash]
        // Only a root keeps its slashes.
        if head.contains(where: { $0 != "/" }) { while head.last == "/" { head.removeLast() } }
        return String(head)
    }

    /// Two parts joined as Python's `os.path.join` does: an absolute part starts over.
    private static func join(_ head: String, _ tail: String) -> String {
        if tail.hasPrefix("/") || head.isEmpty { return tail }
        return head.hasSuffix("/") ? head + tail : "\(head)/\(tail)"
    }
}
