internal import Inventory
internal import PKI
internal import Values

/// One rotation while it is carried out. Each step may be repeated: what is in place already is left as it is.
struct RotationWork: Sendable {
    private let context: FleetContext
    private let authority: Authority
    private let order: RotationOrder
    private let log: OperationLog
    private let timeout: Duration
    private let tell: @Sendable (String) -> Void
    private let hosts: [Host]

    init(
        _ context: FleetContext, _ authority: Authority, _ order: RotationOrder, _ log: OperationLog,
        _ timeout: Duration, _ tell: @escaping @Sendable (String) -> Void
    ) {
        self.context = context
        self.authority = authority
        self.order = order
        self.log = log
        self.timeout = timeout
        self.tell = tell
        let all = context.inventory.hosts.filter(\.isHypervisor)
        // Hosts that came to the inventory since must know the new CA too; those that left it need nothing.
        hosts = order.scope.replacesAuthorities ? all : all.filter { order.hosts.contains($0.name) }
    }

    func carryOut() async throws -> RotationOutcome {
        let began = Clock.monotonic
        var outcome = RotationOutcome(
            operation: log.id, scope: order.scope, hosts: hosts.map { RotationOutcome.HostEnd($0.name) })
        if order.scope.replacesAuthorities {
            try await replaceAuthorities(&outcome)
        } else {
            _ = try await authority.ownPair(replacing: order.replaced)
            outcome.isFinished = try await givePairs(&outcome)
        }
        if outcome.isFinished { try log.record("finished") }
        outcome.seconds = Clock.seconds(since: began)
        return outcome
    }

    private func replaceAuthorities(_ outcome: inout RotationOutcome) async throws {
        try await createAuthorities()
        if try stage() == .trust {
            tell("making the new CAs known to \(hosts.count) hosts")
            guard try await spread("trusts", &outcome) else { return }
            _ = try await authority.ownPair()
            try log.record("issuing")
            for plane in Plane.allCases where try stage(of: plane) == .trust {
                try await authority.promoteNewCA(plane: plane)
            }
        }
        if try stage() == .pairs {
            _ = try await authority.ownPair()
            if try authority.current(name: Authority.controllerName, plane: .data) != nil {
                _ = try await authority.controllerPair(
                    plane: .data, algorithm: try authority.leafAlgorithm(.data), requestedBy: Requester.name)
            }
            guard try await givePairs(&outcome) else { return }
            try await dropAuthorities()
        }
        tell("making \(hosts.count) hosts forget the old CAs")
        _ = try await authority.ownPair()
        outcome.isFinished = try await spread("forgot", &outcome)
    }

    /// The new CAs, trusted and not yet issuing.
    private func createAuthorities() async throws {
        for plane in Plane.allCases where try stage(of: plane) == .creation {
            tell("making a new \(plane) CA")
            try log.record("creating", Mapping([("plane", Value(plane.rawValue))]))
            try await authority.beginRotation(
                plane: plane, promoting: false, requestedBy: Requester.name, reason: "rotation \(log.id)")
        }
    }

    private func dropAuthorities() async throws {
        try log.record("dropping")
        for plane in Plane.allCases where try stage(of: plane) == .pairs {
            // Whoever is left was asked about before; nobody else may be forgotten.
            let left = try leftBehind(plane)
            if let name = left.first(where: { !order.forgotten.contains($0) }) {
                throw Diagnostics(
                    .error(
                        "\"\(name)\" still has a certificate of the old \(plane) CA", detail: "so that CA stays",
                        hint: "revoke the certificate, then go on with `drover pki rotate`"))
            }
            try await authority.finishRotation(
                plane: plane, force: !left.isEmpty, requestedBy: Requester.name, reason: "rotation \(log.id)")
        }
    }

    private func leftBehind(_ plane: Plane) throws(PKIError) -> [String] {
        let old = order.oldAuthorities[plane]
        let now = Clock.now
        var latest: [String: LedgerEntry] = [:]
        for entry in try authority.ledger() where entry.plane == plane { latest[entry.name] = entry }
        return latest.values.filter { $0.issuerSerial == old && !$0.isRevoked && $0.notAfter > now }.map(\.name)
            .sorted()
    }

    private func stage(of plane: Plane) throws(PKIError) -> RotationStage {
        guard let old = order.oldAuthorities[plane] else { return .cleanup }
        return RotationStage.of(issuers: try authority.issuers(plane: plane).map(\.serial), old: old)
    }

    /// The plane that is behind tells what is next.
    private func stage() throws(PKIError) -> RotationStage {
        var least = RotationStage.cleanup
        for plane in Plane.allCases { least = min(least, try stage(of: plane)) }
        return least
    }

    // MARK: hosts

    private func delivery(replacing: Set<String>) -> KeyDelivery {
        KeyDelivery(context: context, authority: authority, replacing: replacing, timeout: timeout)
    }

    /// Brings the bundle as it is now to all hosts at once: whatever they trust of it, they can talk to each other.
    /// - Returns: whether all have it.
    private func spread(_ step: String, _ outcome: inout RotationOutcome) async throws -> Bool {
        let delivery = delivery(replacing: [])
        let ends = await fanOut(hosts, limit: context.parallel) { host in await attempt(delivery, host) }
        for (index, end) in ends.enumerated() {
            if case .success = end { try log.record(step, Mapping([("host", Value(hosts[index].name))])) }
            note(end, &outcome.hosts[index])
        }
        return ends.allSatisfy { if case .success = $0 { true } else { false } }
    }

    /// New pairs, one host after the other; the first failure ends it, hosts that cannot be reached are passed over.
    /// - Returns: whether all have theirs.
    private func givePairs(_ outcome: inout RotationOutcome) async throws -> Bool {
        let delivery = delivery(replacing: order.replaced)
        for (index, host) in hosts.enumerated() {
            try Task.checkCancellation()
            tell("replacing the certificates of \(host.name)")
            let end = await attempt(delivery, host)
            note(end, &outcome.hosts[index])
            switch end {
            case .success(let served):
                try log.record(
                    "rotated",
                    Mapping([
                        ("host", Value(host.name)), ("api_serial", Value(served.apiSerial)),
                        ("data_serial", Value(served.dataSerial)),
                    ]))
            case .failure(let problem) where problem.kind == .failed: return false
            case .failure: continue
            }
        }
        return outcome.hosts.allSatisfy { $0.state == .rotated }
    }

    private func attempt(_ delivery: KeyDelivery, _ host: Host) async -> Result<KeyDelivery.Served, HostProblem> {
        do throws(HostProblem) {
            return .success(try await delivery.deliver(to: host))
        } catch {
            return .failure(error)
        }
    }

    private func note(_ end: Result<KeyDelivery.Served, HostProblem>, _ host: inout RotationOutcome.HostEnd) {
        switch end {
        case .success(let served):
            let isNew = !order.replaced.contains(served.apiSerial) && !order.replaced.contains(served.dataSerial)
            host.state = isNew ? .rotated : .waiting
            (host.apiSerial, host.dataSerial) = (served.apiSerial, served.dataSerial)
            host.problem = nil
        case .failure(let problem):
            host.state = problem.kind == .failed ? .failed : .unreachable
            host.problem = problem.diagnostic
        }
    }
}
