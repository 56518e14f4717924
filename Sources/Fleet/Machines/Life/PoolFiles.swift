internal import Hypervisor
internal import Inventory
internal import Values

/// Files in a pool's directory that are given other names, on the host itself: libvirt has no call for it.
struct PoolFiles {
    let host: Host
    let connector: any Connector

    /// One file and its other name, both absolute.
    struct Move: Sendable, Hashable {
        let from: String
        let to: String

        var value: Value { ["from": Value(from), "to": Value(to)] }
        var reversed: Move { Move(from: to, to: from) }

        init(from: String, to: String) {
            self.from = from
            self.to = to
        }

        init?(_ value: Value) {
            guard let from = value["from"]?.string, let to = value["to"]?.string else { return nil }
            self.init(from: from, to: to)
        }
    }

    /// Kinds of pools whose volumes are files of a directory.
    static let kinds = ["dir", "fs", "netfs"]

    /// Moves those files that are not where they are to be; those that are stay.
    /// - Throws: ``HostProblem`` when both names are taken: nothing is overwritten.
    func move(_ moves: [Move]) async throws {
        try await run(
            """
            while [ $# -gt 1 ]; do
                if [ -e "$1" ] || [ -L "$1" ]; then
                    if [ -e "$2" ] || [ -L "$2" ]; then echo "\\"$1\\" and \\"$2\\" are both there"; exit 1; fi
                    mv -- "$1" "$2" || exit 1
                fi
                shift 2
            done
            """, moves.flatMap { [$0.from, $0.to] }, doing: "rename files")
    }

    /// Copies a file that only its owner may read, with owner and mode; does nothing where there is none to copy.
    func copy(_ move: Move) async throws {
        try await run(
            """
            if [ -e "$1" ]; then
                if [ -e "$2" ]; then echo "\\"$2\\" is there already"; exit 1; fi
                cp -p -- "$1" "$2" || { rm -f -- "$2"; exit 1; }
            fi
            """, [move.from, move.to], doing: "copy \(move.from)")
    }

    /// Removes files of this operation's own; those that are not there are no failure.
    func remove(_ paths: [String]) async throws {
        guard !paths.isEmpty else { return }
        try await run(#"rm -f -- "$@""#, paths, doing: "remove files")
    }

    /// Those of `paths` that exist.
    func existing(_ paths: [String]) async throws -> [String] {
        guard !paths.isEmpty else { return [] }
        let said = try await run(
            #"for path in "$@"; do if [ -e "$path" ]; then printf '%s\n' "$path"; fi; done"#, paths,
            doing: "look for files")
        return said.split(separator: "\n").map(String.init)
    }

    /// Whether a disk that nobody has open has anything of its own above its base.
    func hasOwnData(_ path: String) async throws -> Bool {
        let said = try await run(
            #"qemu-img map --output=json -- "$1""#, [path], doing: "look what \(path) has of its own")
        return said.split(separator: "\n").contains { line in
            line.contains(#""depth": 0"#) && line.contains(#""present": true"#)
        }
    }

    /// Makes a file something that nobody writes to. libvirt lets QEMU's user read it, and nobody else has to.
    func freeze(_ path: String) async throws {
        try await run(#"chmod 0400 -- "$1""#, [path], doing: "protect \(path)")
    }

    /// Makes it one that its owner writes to again.
    func thaw(_ path: String) async throws {
        try await run(#"chmod 0600 -- "$1""#, [path], doing: "give \(path) back")
    }

    @discardableResult
    private func run(_ body: String, _ arguments: [String], doing: String) async throws -> String {
        let connection = try await connector.connect(to: host)
        do {
            let said = try await HostScript(arguments: arguments, body).run(
                on: connection, host: host.name, doing: doing)
            await connection.close()
            return said
        } catch {
            await connection.close()
            throw error
        }
    }
}
