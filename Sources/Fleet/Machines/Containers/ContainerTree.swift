internal import Glibc
internal import Hypervisor
internal import Inventory
internal import Modules
internal import Values

/// The root tree of a container: a directory of the host, somebody's or unpacked by Drover from a tarball.
struct ContainerTree: Sendable {
    /// Where Drover unpacks trees, each into a directory named after its container's UUID.
    static let folder = "/var/lib/drover/containers"
    /// The label of the metadata that says that a tree is Drover's own, and goes with its container.
    static let label = "root_tree"

    /// On the host.
    let path: String
    /// The tarball on the controller that it is made from; nil for a tree that is there and is never removed.
    let tarball: String?

    /// - Parameter word: a tarball on the controller, or a directory on the host.
    init(_ word: String, uuid: String) throws(Diagnostics) {
        let local = DiskPath.expandingHome(word)
        if DiskPath.isFile(local) {
            path = DiskPath.join(Self.folder, uuid)
            tarball = local
            return
        }
        guard word.hasPrefix("/"), word.contains(where: { $0 != "/" }), !word.split(separator: "/").contains("..")
        else {
            throw Diagnostics(
                .error(
                    "\"\(word)\" is no root tree", detail: "there is no such file on the controller",
                    hint: "name a tarball on the controller, or a directory on the host by its absolute path"))
        }
        // What is in there belongs to the container it was unpacked for, and goes with it.
        guard !DiskPath.isWithin(word, Self.folder) else {
            throw Diagnostics(
                .error(
                    "\"\(word)\" is the root tree of another container",
                    hint: "copy it to a directory outside \(Self.folder)"))
        }
        path = word
        tarball = nil
    }

    /// The tree among a container's metadata that is Drover's own; nil for any other.
    static func own(of machine: DomainSummary) -> String? {
        guard let path = machine.metadata?.labels[label], path == DiskPath.join(folder, machine.uuid) else {
            return nil
        }
        return path
    }

    /// Whether a path is one that Drover unpacks trees into.
    static func isOwn(_ path: String) -> Bool {
        let name = DiskPath.lastComponent(path)
        return path == DiskPath.join(folder, name) && name.utf8.count == 36 && !name.contains("..")
    }

    /// Makes the tree on the host, or sees that it is there.
    /// - Parameter program: what has to be in it.
    func place(_ program: String, on host: Host, by connector: any Connector) async throws {
        let connection = try await connector.connect(to: host)
        do {
            if let tarball { try await unpack(tarball, over: connection, host: host.name) }
            try await look(program, over: connection, host: host.name)
            await connection.close()
        } catch {
            await connection.close()
            throw error
        }
    }

    private func look(_ program: String, over connection: any HostConnection, host: String) async throws {
        // A link in the tree means something within it.
        let script = HostScript(
            variables: [("root", path), ("program", program)],
            """
            [ -d "$root" ] || { echo "there is no directory $root"; exit 1; }
            [ -e "$root$program" ] || [ -L "$root$program" ] || { echo "$root has no $program"; exit 1; }
            """)
        try await script.run(on: connection, host: host, doing: "use the root tree")
    }

    private func unpack(_ tarball: String, over connection: any HostConnection, host: String) async throws {
        let front = try DiskFile.front(tarball, count: 6)
        let unpacker =
            if front.starts(with: [0x1F, 0x8B]) {
                "gzip -dc |"
            } else if front.starts(with: [0xFD, 0x37, 0x7A, 0x58, 0x5A]) {
                "xz -dc |"
            } else if front.starts(with: [0x28, 0xB5, 0x2F, 0xFD]) {
                "zstd -dc |"
            } else {
                ""
            }
        // The end of what they say is what tells; all of it at the end, so that nobody waits for its being read.
        let body = """
            umask 022
            mkdir -p \(Self.folder) && mkdir \(ShellText.quoted(path)) && chmod 0755 \(ShellText.quoted(path)) || exit 1
            { \(unpacker) tar -C \(ShellText.quoted(path)) -xpf - && echo unpacked; } 2>&1 | tail -c 4096
            """
        let channel = try await connection.open("exec /bin/sh -c \(ShellText.quoted(body))")
        let (words, problem) = await Self.sent(tarball, into: channel)
        await channel.close()
        try Task.checkCancellation()
        if words.hasSuffix("unpacked\n") { return }
        if let problem, words.isEmpty { throw problem }
        let said = words.split(separator: "\n").map { Printable.line(String($0)) }.joined(separator: "\n")
        throw HostProblem(.failed, .error("cannot unpack \"\(tarball)\"", detail: said, host: host))
    }

    /// Writes a file into a command while its words are read: one that gives up before the end says why.
    /// - Returns: its last words, and what went wrong with the channel or the file.
    private static func sent(
        _ file: String, into channel: any HostChannel
    ) async -> (words: String, problem: (any Error)?) {
        let writing = Task {
            var offset = 0
            while true {
                let start = offset
                let chunk = try await OwnThread.run { try DiskFile.piece(file, at: start, count: 1 << 18) }
                try Task.checkCancellation()
                guard !chunk.isEmpty else { break }
                try await channel.write(chunk)
                offset += chunk.count
            }
            try await channel.finishWriting()
        }
        var said: [UInt8] = []
        let problem: (any Error)? = await withTaskCancellationHandler {
            var problem: (any Error)?
            do {
                while let chunk = try await channel.read() {
                    switch chunk {
                    case .output(let bytes), .error(let bytes): said += bytes.prefix(max(0, 8192 - said.count))
                    }
                }
            } catch {
                problem = error
            }
            // Nobody takes any more.
            writing.cancel()
            let written = await writing.result
            if case .failure(let error) = written, problem == nil { problem = error }
            return problem
        } onCancel: {
            writing.cancel()
        }
        return (String(decoding: said, as: UTF8.self), problem)
    }

    /// - Throws: `Diagnostics` when another domain than the one of `uuid`, running or off, has a tree, or something in one.
    static func refuseUsed(
        _ paths: [String], by uuid: String, on host: Host, over connection: HypervisorConnection
    ) async throws {
        let own = paths.filter(isOwn)
        guard !own.isEmpty else { return }
        for other in try await connection.storeReferences() where other.uuid != uuid {
            guard let path = own.first(where: { tree in other.paths.contains { DiskPath.isWithin($0, tree) } }) else {
                continue
            }
            throw Diagnostics(
                .error(
                    "\"\(other.domain)\" uses the root tree \"\(path)\"", detail: "it would be lost",
                    hint: "delete that one first, or give it a tree of its own", host: host.name))
        }
    }

    /// Removes trees that Drover unpacked; any other path is left alone.
    static func remove(_ paths: [String], on host: Host, by connector: any Connector) async throws {
        let own = paths.filter(isOwn)
        guard !own.isEmpty else { return }
        let connection = try await connector.connect(to: host)
        do {
            let script = HostScript(arguments: own, "for tree; do rm -rf --one-file-system \"$tree\" || exit 1; done")
            try await script.run(on: connection, host: host.name, doing: "remove a root tree")
            await connection.close()
        } catch {
            await connection.close()
            throw error
        }
    }
}
