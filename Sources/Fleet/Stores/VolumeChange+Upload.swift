internal import Hypervisor
package import Inventory
internal import Values

extension VolumeChange {
    /// Sends a local file into a volume, byte for byte.
    /// - Parameters:
    ///   - replacing: whether a volume of that name that nothing uses makes room for it, once all has arrived.
    ///   - progress: bytes sent and bytes in all.
    package func upload(
        _ path: String, as name: String, replacing: Bool, on host: Host,
        progress: @escaping @Sendable (UInt64, UInt64) -> Void = { _, _ in }
    ) async throws -> StoreOutcome {
        let operation = StoreOperation(context: context, host: host, kind: .volume, name: "\(pool)/\(name)")
        let size = UInt64(DiskPath.size(path) ?? 0)
        return try await driver.visit(host) { connection in
            try await operation.locked {
                var outcome = StoreOutcome(host.name, "\(pool)/\(name)", isPredicted: false)
                let there = try await connection.volume(name, in: pool)
                if let there, replacing {
                    try await refuseFixed(there, connection, host)
                    outcome.changes.append(.init("definition", "\(there.format ?? "raw") volume", nil))
                } else {
                    try await Self.refuseTaken(name, pool, connection, host)
                }
                // What is there stays until the new one has arrived.
                let part = there == nil ? name : "\(name).\(Nonce.make().prefix(8)).part"
                let spec = VolumeSpec(name: part, capacity: size, format: "raw")
                try await operation.journaled(
                    "upload", [("pool", Value(pool)), ("volume", Value(part))], over: connection
                ) { log in
                    try await operation.making(spec, log) { try await connection.createVolume(spec, in: pool) }
                    try await connection.upload(path, to: part, in: pool) { progress($0.sent, $0.total) }
                    // Only now it can be seen what it is an image of.
                    try await connection.refreshPool(pool)
                    if let there { try await swap(part, size, for: there, log, connection, host) }
                }
                outcome.changes.append(.init("content", nil, "\(size) bytes"))
                return outcome
            }
        }
    }

    private func refuseFixed(_ there: VolumeInfo, _ connection: HypervisorConnection, _ host: Host) async throws {
        try await refuseUsed(there, connection, host, [])
        let kind = try await connection.pool(pool)?.type ?? ""
        guard PoolFiles.kinds.contains(kind) else {
            throw Diagnostics(
                .error(
                    "volumes of a \(kind) pool cannot be replaced in one step",
                    hint: "delete \"\(there.name)\" first, with `drover pool volume delete \(pool) \(there.name)`",
                    host: host.name))
        }
    }

    /// Puts what has arrived in the place of the old one, in one step.
    private func swap(
        _ part: String, _ size: UInt64, for old: VolumeInfo, _ log: OperationLog, _ connection: HypervisorConnection,
        _ host: Host
    ) async throws {
        guard let new = try await connection.volume(part, in: pool), new.physical == nil || new.physical == size else {
            throw Diagnostics(.error("not all of \"\(old.name)\" has arrived", hint: "try again", host: host.name))
        }
        // A VM may have been made meanwhile.
        try await refuseUsed(old, connection, host, [])
        try log.record("swapping", Mapping([("old", Value(old.name))]))
        try await PoolFiles(host: host, connector: context.connector)
            .replace(PoolFiles.Move(from: new.path, to: old.path))
        try await connection.refreshPool(pool)
    }
}
