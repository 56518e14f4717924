package import Hypervisor
package import Inventory
internal import Values

/// Deletes a pool of a host that no VM uses: its definition, and its volumes too if asked.
package struct PoolDeletion: Sendable {
    /// What would be lost.
    package struct Plan: Sendable {
        package let host: Host
        package let pool: PoolInfo
        /// Empty unless the content goes too.
        package let volumes: [VolumeInfo]
    }

    private let context: FleetContext
    private let driver: any HypervisorDriver
    private let assumedAbsent: [String]

    /// - Parameter assumedAbsent: hosts that do not answer and are said not to use the shared storage.
    package init(_ context: FleetContext, driver: any HypervisorDriver, assumedAbsent: [String] = []) {
        self.context = context
        self.driver = driver
        self.assumedAbsent = assumedAbsent
    }

    /// Looks at what deleting a pool would remove; nil when there is no such pool.
    /// - Throws: `Diagnostics` naming the VMs that use it.
    package func plan(_ name: String, on host: Host, content: Bool) async throws -> Plan? {
        try await driver.visit(host) { connection in try await plan(name, host, content, connection) }
    }

    private func plan(
        _ name: String, _ host: Host, _ content: Bool, _ connection: HypervisorConnection
    ) async throws -> Plan? {
        guard let pool = try await connection.pool(name) else { return nil }
        let use = try await StoreUse.read(connection, refreshing: content)
        let users = use.users(ofPool: pool)
        guard users.isEmpty else {
            throw Diagnostics(StoreUse.refusal("delete the pool \"\(name)\"", users, host: host.name))
        }
        guard content else { return Plan(host: host, pool: pool, volumes: []) }
        guard pool.isActive else {
            throw Diagnostics(
                .error(
                    "the pool \"\(name)\" is not running: it cannot be known what is in it",
                    hint: "start it first: `drover pool start \(name)`", host: host.name))
        }
        let volumes = use.volumes.filter { $0.pool == name }
        let others = use.users(of: volumes.map(\.path))
        guard others.isEmpty else {
            throw Diagnostics(StoreUse.refusal("delete the pool \"\(name)\"", others, host: host.name))
        }
        try await SharedStorage(context, driver: driver, assumedAbsent: assumedAbsent)
            .refuseUsedElsewhere(volumes, of: pool, on: host)
        return Plan(host: host, pool: pool, volumes: volumes)
    }

    /// Deletes what was looked at, if it is still so. A pool that is gone meanwhile is no failure.
    /// - Parameter agreed: the volumes that may be lost, as they were shown to whoever agreed to it; nil for any.
    /// - Throws: `Diagnostics` when others are there by now, or a VM uses one; ``HostProblem``.
    package func delete(
        _ name: String, on host: Host, content: Bool = false, agreed: [VolumeInfo]? = nil, check: Bool = false
    ) async throws -> StoreOutcome {
        let operation = StoreOperation(context: context, host: host, kind: .pool, name: name)
        return try await driver.visit(host) { connection in
            try await operation.locked {
                var outcome = StoreOutcome(host.name, name, isPredicted: check)
                guard let plan = try await plan(name, host, content, connection) else { return outcome }
                if let agreed { try Self.refuseMore(plan, than: agreed) }
                outcome.changes = [.init("definition", "\(plan.pool.type) pool", nil)]
                outcome.changes += plan.volumes.map { .init($0.name, "a volume", nil) }
                if !check { try await carryOut(plan, content, operation, connection) }
                return outcome
            }
        }
    }

    private static func refuseMore(_ plan: Plan, than agreed: [VolumeInfo]) throws(Diagnostics) {
        let known = Set(agreed.map(\.path))
        let more = plan.volumes.map(\.path).filter { !known.contains($0) }
        guard !more.isEmpty else { return }
        throw Diagnostics(
            .error(
                "there is more in the pool \"\(plan.pool.name)\" than was agreed to",
                detail: more.prefix(10).map { Printable.line($0) }.joined(separator: "\n"), hint: "try again",
                host: plan.host.name))
    }

    /// What came into the pool behind libvirt's back would go with its directory or volume group.
    private static func refuseLeftovers(in pool: String, _ host: Host, _ connection: HypervisorConnection) async throws
    {
        try await connection.refreshPool(pool)
        let left = try await connection.volumes(in: pool)
        guard let first = left.first else { return }
        throw Diagnostics(
            .error(
                "there is something new in the pool \"\(pool)\"", detail: Printable.line(first.path),
                hint: "look what it is, and try again", host: host.name))
    }

    private func carryOut(
        _ plan: Plan, _ content: Bool, _ operation: StoreOperation, _ connection: HypervisorConnection
    ) async throws {
        let pool = plan.pool
        let document = try await connection.poolDocument(pool.name)
        let secret = try await ownSecret(of: pool.name, document, connection)
        let fields: [(String, Value)] = [
            ("uuid", Value(pool.uuid)), ("old", Value(try document?.written() ?? "")),
            ("was_active", Value(pool.isActive)), ("was_autostarted", Value(pool.autostart)),
            ("own_secret", secret.map { Value($0) } ?? .null),
        ]
        try await operation.journaled(
            "delete", pool.isPersistent ? fields : fields.filter { $0.0 != "was_autostarted" }, over: connection
        ) { log in
            for volume in StoreUse.fromTheTop(plan.volumes) {
                try Task.checkCancellation()
                try log.record("deleting", Mapping([("deleted", Value(volume.name))]))
                try await connection.deleteVolume(volume.name, in: pool.name)
            }
            if content { try await Self.refuseLeftovers(in: pool.name, plan.host, connection) }
            try log.record(pool.isPersistent ? "stopping" : "undefining")
            if pool.isActive { try await connection.stopPool(pool.name) }
            guard pool.isPersistent else { return }
            if content { try await deleteStorage(of: pool, connection) }
            try log.record("undefining")
            try await connection.undefinePool(pool.name)
            if let secret { try await connection.removeSecret(uuid: secret) }
        }
    }

    /// The emptied directory or volume group; kinds of pools that have nothing of the sort leave it at that.
    private func deleteStorage(
        of pool: PoolInfo, _ connection: HypervisorConnection
    ) async throws(HypervisorError) {
        do throws(HypervisorError) {
            try await connection.deletePoolStorage(pool.name)
        } catch {
            guard [.noSupport, .operationUnsupported].contains(error.code) else { throw error }
        }
    }

    /// The secret that was made with the pool, and is used by nothing else.
    private func ownSecret(
        of name: String, _ document: XMLElement?, _ connection: HypervisorConnection
    ) async throws -> String? {
        guard let login = document.flatMap(PoolSpec.init(reading:))?.source.login,
            login.secret == .usage(PoolWish.usage(name)),
            let secret = try await connection.secret(usage: PoolWish.usage(name), of: login.kind),
            secret.description == StoreSettlement.secretDescription(name)
        else { return nil }
        return secret.uuid
    }

    static func missing(
        _ name: String, over connection: HypervisorConnection, host: Host
    ) async throws -> Diagnostic {
        let near = NearestName.hint(for: name, among: try await connection.poolNames())
        return .error("there is no pool \"\(name)\"", hint: near ?? "`drover pool list` shows all", host: host.name)
    }
}
