package import Inventory
package import PKI
internal import Values

/// Replaces certificates host by host without disturbing what runs: no guest, no daemon is restarted, and at every
/// moment every host can talk to every other one.
///
/// The authority's own files tell how far it has come; the journal tells what was asked for. So it can be interrupted
/// anywhere, and goes on when it is called again.
package struct CertificateRotation: Sendable {
    private let context: FleetContext
    private let authority: Authority
    private let timeout: Duration
    private let tell: @Sendable (String) -> Void

    package init(
        _ context: FleetContext, authority: Authority, timeout: Duration = .seconds(10),
        tell: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        self.context = context
        self.authority = authority
        self.timeout = timeout
        self.tell = tell
    }

    /// The rotation of this fleet that was begun and not finished.
    package static func unfinished(_ directory: FleetDirectory) -> OperationRecord? {
        Journal(directory).unfinished().last { $0.kind == "rotate" }
    }

    /// Goes on with an interrupted rotation, for `op recover`.
    /// - Returns: `finished`.
    package static func recover(_ record: OperationRecord, _ context: FleetContext) async throws -> String {
        let authority = try await context.directory.openAuthority()
        let outcome = try await CertificateRotation(context, authority: authority).resume(record)
        if let problems = Diagnostics(outcome.problems) { throw problems }
        return "finished"
    }

    /// Holders of certificates that are neither in the inventory nor this controller: new CAs cut them off.
    package func strangers() throws(PKIError) -> [String] {
        let known = Set(context.inventory.hosts.filter(\.isHypervisor).map(\.name) + [Authority.controllerName])
        let now = Clock.now
        return Set(
            try authority.ledger().filter { !$0.isRevoked && $0.notAfter > now && !known.contains($0.name) }.map(\.name)
        ).sorted()
    }

    /// Begins a rotation, or goes on with one that does as much.
    /// - Parameters:
    ///   - hosts: whose pairs are replaced. New CAs concern every hypervisor of the inventory.
    ///   - forgetting: the ``strangers()`` whose loss was agreed to.
    /// - Throws: `Diagnostics` before anything was done; ``OperationLocked`` while another process rotates.
    package func rotate(_ scope: RotationScope, _ hosts: [Host], forgetting: [String] = []) async throws
        -> RotationOutcome
    {
        try HostProfiles.check(context.inventory.hosts)
        let lock = try OperationLock(context.directory, "rotate", meaning: "the fleet's certificates")
        defer { withExtendedLifetime(lock) {} }
        return try await HostLocks(context).holding(Self.wish) { try await rotateAlone(scope, hosts, forgetting) }
    }

    /// Of two controllers, each with its own copy of the authority, one rotates at a time.
    private static let wish = HostLocks.Wish(
        fleetwide: "rotate", meaning: "the fleet's certificates", operation: "rotate")

    private func rotateAlone(
        _ scope: RotationScope, _ hosts: [Host], _ forgetting: [String]
    ) async throws -> RotationOutcome {
        if let record = Self.unfinished(context.directory), let order = RotationOrder(record) {
            if order.scope.covers(scope) {
                // What was interrupted comes first; hosts that it is not about have their turn after it.
                let outcome = try await goOn(record, order)
                let isAll = order.scope.replacesAuthorities || hosts.allSatisfy { order.hosts.contains($0.name) }
                guard outcome.isFinished, !isAll else { return outcome }
            } else {
                try Journal(context.directory).resume(record).record(
                    "finished", Mapping([("because", "a wider one begins")]))
            }
        }
        let order = try order(scope, hosts, forgetting)
        let log = try Journal(context.directory).begin("rotate", order.fields)
        return try await RotationWork(context, authority, order, log, timeout, tell).carryOut()
    }

    /// Goes on with a rotation.
    package func resume(_ record: OperationRecord) async throws -> RotationOutcome {
        guard let order = RotationOrder(record) else {
            throw Diagnostics(.error("the journal of \(record.id) is incomplete"))
        }
        let lock = try OperationLock(context.directory, "rotate", meaning: "the fleet's certificates")
        defer { withExtendedLifetime(lock) {} }
        return try await HostLocks(context).holding(Self.wish) { try await goOn(record, order) }
    }

    private func goOn(_ record: OperationRecord, _ order: RotationOrder) async throws -> RotationOutcome {
        tell("going on with rotation \(record.id) of \(record.started)")
        let log = Journal(context.directory).resume(record)
        return try await RotationWork(context, authority, order, log, timeout, tell).carryOut()
    }

    private func order(_ scope: RotationScope, _ hosts: [Host], _ forgetting: [String]) throws -> RotationOrder {
        let all = context.inventory.hosts.filter(\.isHypervisor).map(\.name)
        let chosen = hosts.filter(\.isHypervisor).map(\.name)
        guard !chosen.isEmpty else { throw Diagnostics(.error("none of these hosts is a hypervisor")) }
        var order = RotationOrder(scope: scope, hosts: chosen, forgotten: Set(forgetting))
        for plane in Plane.allCases {
            for name in chosen + [Authority.controllerName] {
                if let entry = try authority.current(name: name, plane: plane) { order.replaced.insert(entry.serial) }
            }
        }
        guard scope.replacesAuthorities else { return order }
        if let left = all.first(where: { !chosen.contains($0) }) {
            throw Diagnostics(
                .error(
                    "new CAs concern every hypervisor", detail: "\"\(left)\" is not among the hosts named",
                    hint: "leave out -t, or rotate with --leaf"))
        }
        let missing = try strangers().filter { !order.forgotten.contains($0) }
        if let problem = missing.first {
            throw Diagnostics(
                .error(
                    "new CAs would cut off \"\(problem)\"",
                    detail: "it has a certificate of this authority and is not in the inventory",
                    hint: "revoke its certificate, or agree with --yes"))
        }
        for plane in Plane.allCases { order.oldAuthorities[plane] = try Self.old(authority, plane) }
        return order
    }

    /// The CA that is to go. Where a rotation was begun outside the journal, that is its old one.
    private static func old(_ authority: Authority, _ plane: Plane) throws(PKIError) -> String? {
        let issuers = try authority.issuers(plane: plane).map(\.serial)
        guard issuers.count > 1 else { return issuers.first }
        let newest = try authority.history().last { $0.action == .authority && $0.plane == plane }?.serial
        return issuers.first { $0 != newest }
    }
}
