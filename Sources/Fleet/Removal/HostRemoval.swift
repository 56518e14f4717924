internal import Hypervisor
package import Inventory
internal import PKI
package import Values

/// Lets a host leave the fleet: its certificates are revoked, what Drover made on it goes, and what was there before comes
/// back. The inventory is its user's: the line that names the host is told.
package struct HostRemoval: Sendable {
    package struct Plan: Sendable {
        package let host: Host
        /// Whether the machine does not exist any more.
        package let isDead: Bool
        package var lines: [HostLeaving.Line] = []
        /// Images and kept copies of disks, as `POOL/VOLUME`: they are deleted.
        package var volumes: [String] = []
        /// Others, which stay.
        package var otherVolumes: [String] = []
        /// Serial numbers by plane.
        package var certificates: [String] = []
        /// VMs that are lost with a machine that does not exist any more.
        package var lostVMs: [String] = []

        /// Stable API: programs read these keys.
        package var value: Value {
            [
                "host": Value(host.name), "dead": Value(isDead), "files": Value(lines.map(\.value)),
                "volumes": Value(volumes.map { Value($0) }), "volumes_kept": Value(otherVolumes.map { Value($0) }),
                "certificates": Value(certificates.map { Value($0) }), "lost_vms": Value(lostVMs.map { Value($0) }),
            ]
        }
    }

    package struct Report: Sendable {
        package let operation: String
        package var lines: [HostLeaving.Line] = []
        package var warnings: [Diagnostic] = []
    }

    private let context: FleetContext
    private let driver: any HypervisorDriver
    private let tell: @Sendable (String) -> Void

    package init(
        _ context: FleetContext, driver: any HypervisorDriver, tell: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        self.context = context
        self.driver = driver
        self.tell = tell
    }

    /// - Throws: `Diagnostics` when VMs are on it, or when one that is said to be dead answers.
    package func plan(_ host: Host, isDead: Bool) async throws -> Plan {
        tell("looking at \(host.name)")
        var plan = Plan(host: host, isDead: isDead)
        plan.certificates = try await certificates(of: host).map { "\($0.plane.rawValue) \($0.serial)" }
        guard !isDead else {
            try await refuseLiving(host)
            plan.lostVMs = MachineMemory(context.directory).lastSeen(on: host.name)
            return plan
        }
        if host.isHypervisor {
            let (machines, volumes) = try await driver.visit(host) { connection in
                (try await connection.domains(), try await Self.volumes(over: connection))
            }
            if let found = Diagnostics(machines.map { Self.inhabited($0, host) }) { throw found }
            plan.volumes = volumes.own.map { "\($0.pool)/\($0.name)" }
            plan.otherVolumes = volumes.others.map { "\($0.pool)/\($0.name)" }
        }
        plan.lines = try await HostLeaving.run(.look, on: host, context.connector)
        return plan
    }

    private static func inhabited(_ machine: DomainSummary, _ host: Host) -> Diagnostic {
        .error(
            "\"\(machine.name)\" is on it", hint: "`drover host drain \(host.name)` moves VMs off", host: host.name)
    }

    private func refuseLiving(_ host: Host) async throws {
        guard let connection = try? await context.connector.connect(to: host) else { return }
        await connection.close()
        throw Diagnostics(
            .error(
                "\"\(host.name)\" answers", detail: "--dead is for machines that do not exist any more",
                hint: "leave --dead out, so that it is put back as it was", host: host.name))
    }

    /// Volumes that are Drover's own: images, and copies of disks that were kept for a while after their VMs had moved. An
    /// image that some other volume stands on is not to be deleted.
    private static func volumes(
        over connection: HypervisorConnection
    ) async throws -> (own: [PoolVolume], others: [PoolVolume]) {
        var all: [(volume: PoolVolume, info: VolumeInfo)] = []
        for pool in try await connection.pools() where pool.isActive && Resident.localTypes.contains(pool.type) {
            try await connection.refreshPool(pool.name)
            for info in try await connection.volumes(in: pool.name) {
                all.append((PoolVolume(pool: pool.name, name: info.name), info))
            }
        }
        func isOwn(_ name: String) -> Bool { name.hasPrefix("drover-image-") || name.contains(".moved-") }
        let needed = Set(all.filter { !isOwn($0.info.name) }.compactMap(\.info.backing?.path))
        let own = all.filter { isOwn($0.info.name) && !needed.contains($0.info.path) }.map(\.volume)
        return (own, all.map(\.volume).filter { !own.contains($0) })
    }

    private func certificates(of host: Host) async throws -> [LedgerEntry] {
        guard let authority = try? await context.directory.openAuthority() else { return [] }
        let now = Clock.now
        return try authority.ledger().filter { $0.name == host.name && !$0.isRevoked && $0.notAfter > now }
    }

    package func remove(_ plan: Plan) async throws -> Report {
        let locks = try HostDrain.lock([plan.host], context)
        defer { withExtendedLifetime(locks) {} }
        let log = try Journal(context.directory).begin(
            "remove",
            Mapping([
                ("subject", Value(plan.host.name)), ("host", Value(plan.host.name)), ("dead", Value(plan.isDead)),
            ]))
        return try await carryOut(plan.host, isDead: plan.isDead, done: [], log)
    }

    static func resume(
        _ record: OperationRecord, _ context: FleetContext, _ driver: any HypervisorDriver
    ) async throws -> String {
        guard let name = record["host"]?.string else {
            throw Diagnostics(.error("the journal of \(record.id) is incomplete"))
        }
        let host = try context.host(named: name)
        let locks = try HostDrain.lock([host], context)
        defer { withExtendedLifetime(locks) {} }
        let report = try await HostRemoval(context, driver: driver).carryOut(
            host, isDead: record["dead"]?.bool ?? false, done: Set(record.all("step")),
            Journal(context.directory).resume(record))
        if let found = Diagnostics(report.warnings.filter { $0.severity == .error }) { throw found }
        return "finished"
    }

    /// Each step may be taken again; those in `done` need not be, and some could not be.
    private func carryOut(
        _ host: Host, isDead: Bool, done: Set<String>, _ log: OperationLog
    ) async throws -> Report {
        var report = Report(operation: log.id)
        if !isDead {
            if !done.contains("emptied") { try await empty(host, log) }
            if !done.contains("left") {
                tell("putting \(host.name) back as it was")
                report.lines = try await HostLeaving.run(.act, on: host, context.connector)
                try log.record("left")
            }
        }
        report.warnings = try await revoke(host, log)
        try HostTraces(directory: context.directory).forget(host)
        try log.record("finished")
        return report
    }

    /// Marks the host, so that nobody puts a VM on it meanwhile, and deletes the volumes that are Drover's own.
    private func empty(_ host: Host, _ log: OperationLog) async throws {
        let mark = DrainMark(by: Requester.name, at: Clock.iso(Clock.now), reason: "it leaves", operation: log.id)
        _ = try await DrainRecord(host: host, connector: context.connector).set(mark)
        if host.isHypervisor {
            tell("deleting images on \(host.name)")
            try await driver.visit(host) { connection in
                // It may have been given one between the plan and the mark.
                if let found = Diagnostics(try await connection.domains().map({ Self.inhabited($0, host) })) {
                    throw found
                }
                for volume in try await Self.volumes(over: connection).own {
                    _ = try await connection.deleteVolume(volume.name, in: volume.pool)
                }
            }
        }
        try log.record("emptied")
    }

    /// The ledger first; then the other hosts are told, so that they refuse its certificates from now on.
    /// - Returns: hosts that could not be told.
    private func revoke(_ host: Host, _ log: OperationLog) async throws -> [Diagnostic] {
        guard try await !certificates(of: host).isEmpty else { return [] }
        let authority = try await context.directory.openAuthority()
        try await authority.revoke(
            name: host.name, requestedBy: Requester.name, reason: "the host was removed from the fleet")
        try log.record("revoked")
        let others = context.inventory.hosts.filter { $0.isHypervisor && $0.name != host.name }
        tell("telling \(others.count) hosts that its certificates are revoked")
        let delivery = KeyDelivery(context: context, authority: authority, replacing: [], timeout: context.timeout)
        let problems = await fanOut(others, limit: context.parallel) { other -> Diagnostic? in
            do throws(HostProblem) {
                _ = try await delivery.deliver(to: other)
                return nil
            } catch {
                return .warning(
                    "it does not know yet that the certificates of \(host.name) are revoked",
                    detail: error.diagnostic.summary, hint: "`drover apply` tells it", host: other.name)
            }
        }
        return problems.compactMap { $0 }
    }
}
