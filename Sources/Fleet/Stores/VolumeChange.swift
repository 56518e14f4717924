package import Hypervisor
package import Inventory
internal import Values

/// Changes one volume of a host: its size, its copies, its end.
package struct VolumeChange: Sendable {
    let context: FleetContext
    let driver: any HypervisorDriver
    let pool: String

    package init(_ context: FleetContext, driver: any HypervisorDriver, pool: String) {
        self.context = context
        self.driver = driver
        self.pool = pool
    }

    /// - Parameter isShrunk: whether a smaller size is meant: what is behind the new end is lost.
    package func resize(
        _ name: String, to capacity: UInt64, shrinking isShrunk: Bool, on host: Host
    ) async throws -> StoreOutcome {
        try await change(name, host) { operation, connection, there, outcome in
            guard there.capacity != capacity else { return }
            guard there.capacity < capacity || isShrunk else {
                throw Diagnostics(
                    .error(
                        "the volume \"\(name)\" is larger: \(VolumeConvergence.size(there.capacity))",
                        hint: "--shrink cuts off what is behind the new end", host: host.name))
            }
            try await Self.refuseResize(there, over: connection, host: host)
            try await operation.journaled(
                "resize", [("pool", Value(pool)), ("volume", Value(name)), ("to", Value("\(capacity)"))],
                over: connection
            ) { log in
                try log.record("resizing")
                try await connection.resizeVolume(name, in: pool, to: capacity, shrinking: there.capacity > capacity)
            }
            outcome.changes.append(
                .init("capacity", VolumeConvergence.size(there.capacity), VolumeConvergence.size(capacity)))
        }
    }

    /// Copies a volume to a new one, of the same pool unless `target` names another.
    package func clone(
        _ name: String, as copy: String, to target: String?, format: String?, on host: Host
    ) async throws -> StoreOutcome {
        let place = target ?? pool
        let operation = StoreOperation(context: context, host: host, kind: .volume, name: "\(place)/\(copy)")
        return try await driver.visit(host) { connection in
            let there = try await Self.found(name, pool, connection, host)
            return try await operation.locked {
                try await Self.refuseTaken(copy, place, connection, host)
                try await Self.refuseRunning(there, "copy", over: connection, host: host)
                let spec = VolumeSpec(name: copy, capacity: there.capacity, format: format ?? there.format ?? "raw")
                _ = try spec.xml()
                try await operation.journaled(
                    "clone", [("pool", Value(place)), ("volume", Value(copy))], over: connection
                ) { log in
                    try await operation.making(spec, log) {
                        try await connection.cloneVolume(name, from: pool, as: spec, in: place)
                    }
                }
                var outcome = StoreOutcome(host.name, "\(place)/\(copy)", isPredicted: false)
                outcome.changes = [.init("definition", nil, "a copy of \(pool)/\(name)")]
                return outcome
            }
        }
    }

    /// Deletes a volume that neither a VM nor another volume uses. One that is not there is no failure.
    /// - Parameters:
    ///   - wiping: overwrite it first.
    ///   - assumedAbsent: hosts that do not answer and are said not to use the shared storage.
    package func delete(
        _ name: String, wiping: Bool, on host: Host, assumedAbsent: [String] = [], check: Bool = false
    ) async throws -> StoreOutcome {
        let operation = StoreOperation(context: context, host: host, kind: .volume, name: "\(pool)/\(name)")
        return try await driver.visit(host) { connection in
            try await operation.locked {
                var outcome = StoreOutcome(host.name, "\(pool)/\(name)", isPredicted: check)
                guard let there = try await connection.volume(name, in: pool) else { return outcome }
                try await refuseUsed(there, connection, host, assumedAbsent)
                outcome.changes = [
                    .init(
                        "definition",
                        "\(there.format ?? "raw") volume of \(VolumeConvergence.size(there.capacity))", nil)
                ]
                if check { return outcome }
                try await operation.journaled(
                    "delete", [("pool", Value(pool)), ("volume", Value(name))], over: connection
                ) { log in
                    try log.record(wiping ? "wiping" : "deleting")
                    if wiping { try await connection.wipeVolume(name, in: pool) }
                    try await connection.deleteVolume(name, in: pool)
                }
                return outcome
            }
        }
    }

    func refuseUsed(
        _ volume: VolumeInfo, _ connection: HypervisorConnection, _ host: Host, _ assumedAbsent: [String]
    ) async throws {
        try await VolumeRemoval(context, driver: driver, on: host, assumedAbsent: assumedAbsent)
            .refuseUsed([volume.path], to: "delete the volume \"\(volume.name)\"", over: connection)
    }

    private func change(
        _ name: String, _ host: Host,
        _ body: (StoreOperation, HypervisorConnection, VolumeInfo, inout StoreOutcome) async throws -> Void
    ) async throws -> StoreOutcome {
        let operation = StoreOperation(context: context, host: host, kind: .volume, name: "\(pool)/\(name)")
        return try await driver.visit(host) { connection in
            try await operation.locked {
                let there = try await Self.found(name, pool, connection, host)
                var outcome = StoreOutcome(host.name, "\(pool)/\(name)", isPredicted: false)
                try await body(operation, connection, there, &outcome)
                return outcome
            }
        }
    }

    /// A running VM writes to its volumes by itself: nobody else may.
    package static func refuseRunning(
        _ volume: VolumeInfo, _ verb: String, over connection: HypervisorConnection, host: Host
    ) async throws {
        let users = try await StoreUse.read(connection, refreshing: false).users(of: volume)
            .filter { $0.isMachine && $0.isActive }
        guard users.isEmpty else {
            throw Diagnostics(
                StoreUse.refusal(
                    "\(verb) the volume \"\(volume.name)\"", users,
                    hint: verb == "resize" ? "`drover vm resize` does it while the VM runs" : "stop the VM first",
                    host: host.name))
        }
    }

    /// What stands on a volume counts on its size, and images and layers are never written to.
    package static func refuseResize(
        _ volume: VolumeInfo, over connection: HypervisorConnection, host: Host
    ) async throws {
        if StoredImage.isVolume(volume.path) || FrozenLayer.isOne(volume.path) {
            throw Diagnostics(
                .error(
                    "cannot resize the volume \"\(volume.name)\": it is one that VMs are made from",
                    hint: "resize the VM's own with `drover vm resize`", host: host.name))
        }
        let use = try await StoreUse.read(connection, refreshing: true)
        try use.requireRead(for: [volume.path])
        guard use.volumes(on: volume.path).isEmpty else {
            throw Diagnostics(
                StoreUse.refusal("resize the volume \"\(volume.name)\"", use.users(of: volume), host: host.name))
        }
        try await refuseRunning(volume, "resize", over: connection, host: host)
    }

    package static func found(
        _ name: String, _ pool: String, _ connection: HypervisorConnection, _ host: Host
    ) async throws -> VolumeInfo {
        guard try await connection.pool(pool) != nil else {
            throw Diagnostics(try await PoolDeletion.missing(pool, over: connection, host: host))
        }
        if let there = try await connection.volume(name, in: pool) { return there }
        let near = NearestName.hint(for: name, among: try await connection.volumes(in: pool).map(\.name))
        throw Diagnostics(
            .error(
                "there is no volume \"\(name)\" in the pool \"\(pool)\"",
                hint: near ?? "`drover pool volume list \(pool)`",
                host: host.name))
    }

    static func refuseTaken(
        _ name: String, _ pool: String, _ connection: HypervisorConnection, _ host: Host
    ) async throws {
        guard try await connection.pool(pool) != nil else {
            throw Diagnostics(try await PoolDeletion.missing(pool, over: connection, host: host))
        }
        guard try await connection.volume(name, in: pool) != nil else { return }
        throw Diagnostics(
            .error(
                "the volume \"\(name)\" exists already in pool \"\(pool)\"",
                hint: "choose another name, or delete that one", host: host.name))
    }
}
