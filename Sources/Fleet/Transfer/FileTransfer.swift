internal import Inventory
internal import Modules
internal import PKI
internal import Values

/// Copies one file between this machine and hosts, or from host to host through this machine: whole or not at all, and
/// compared by its hash.
package struct FileTransfer: Sendable {
    private let context: FleetContext

    package init(_ context: FleetContext) { self.context = context }

    /// - Returns: how many bytes it has.
    /// - Throws: `Diagnostics`, ``HostProblem``, ``FileError``.
    package func copy(_ source: TransferPlace, to destination: TransferPlace) async throws -> Int {
        switch (source, destination) {
        case (.here, .here):
            throw Diagnostics(
                .error("neither is on a host of the inventory", hint: "write HOST:PATH for one; cp copies files here"))
        case (.here(let path), .there(let host, let target)): return try await put(path, on: host, at: target)
        case (.there(let host, let path), .here(let target)): return try await fetch(path, from: host, to: target)
        case (.there(let first, let path), .there(let second, let target)):
            return try await relay(path, from: first, to: second, at: target)
        }
    }

    private static let piece = 1 << 20

    private func put(_ path: String, on host: Host, at target: String) async throws -> Int {
        guard DiskPath.isFile(path), let size = DiskPath.size(path) else {
            throw Diagnostics(.error("\"\(path)\" is no file", hint: "copy one file at a time; pack a directory first"))
        }
        let mode = DiskPath.mode(path) ?? 0o644
        let sum = try await OwnThread.run { try ContentDigest.sha256(file: path) }
        return try await visit(host) { connection in
            let sink = try await FileSink.open(
                connection, host, path: target, name: DiskPath.lastComponent(path), mode: mode, size: size)
            var offset = 0
            while offset < size {
                let start = offset
                let bytes = try await OwnThread.run { try DiskFile.piece(path, at: start, count: Self.piece) }
                guard !bytes.isEmpty else { break }
                try await sink.write(bytes)
                offset += bytes.count
            }
            try await sink.finish(expecting: sum)
            return size
        }
    }

    private func fetch(_ path: String, from host: Host, to target: String) async throws -> Int {
        let place = DiskPath.isDirectory(target) ? DiskPath.join(target, DiskPath.lastComponent(path)) : target
        let part = place + ".drover-" + Nonce.make()
        defer { DiskPath.remove(part) }
        return try await visit(host) { connection in
            let source = try await FileSource.open(connection, host, path: path)
            try DiskFile.write([], to: part, mode: 0o600)
            let file = try SparseFile(part)
            try await source.read { bytes in try bytes.withUnsafeBytes { try file.write($0) } }
            try file.finish()
            let sum = try await OwnThread.run { try ContentDigest.sha256(file: part) }
            guard sum == source.sum else { throw Self.changed(path, host) }
            let mode = DiskPath.mode(place) ?? source.mode
            try DiskFile.move(part, to: place, mode: mode)
            return source.size
        }
    }

    private func relay(_ path: String, from first: Host, to second: Host, at target: String) async throws -> Int {
        try await visit(first) { origin in
            try await visit(second) { end in
                let source = try await FileSource.open(origin, first, path: path)
                let sink = try await FileSink.open(
                    end, second, path: target, name: DiskPath.lastComponent(path), mode: source.mode, size: source.size)
                try await source.read { bytes in try await sink.write(bytes) }
                try await sink.finish(expecting: source.sum)
                return source.size
            }
        }
    }

    static func changed(_ path: String, _ host: Host) -> Diagnostics {
        Diagnostics(
            .error(
                "the copy of \"\(path)\" differs from it", detail: "it changed while it was read",
                hint: "copy it again", host: host.name))
    }

    private func visit<Answer>(
        _ host: Host, _ body: (any HostConnection) async throws -> Answer
    ) async throws -> Answer {
        let connection = try await context.connector.connect(to: host)
        do {
            let answer = try await body(connection)
            await connection.close()
            return answer
        } catch {
            await connection.close()
            throw error
        }
    }
}
