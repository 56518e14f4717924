package import Inventory
internal import PKI
internal import SSH
internal import Values

/// Looks at a fleet as far as it can be looked at, and says what is to be done. Changes nothing.
package struct UpPlanning: Sendable {
    private let context: FleetContext
    private let driver: any HypervisorDriver
    private let timeout: Int
    private let options: FleetPlanning.Options

    /// - Parameter timeout: seconds for a connection.
    package init(
        _ context: FleetContext, driver: any HypervisorDriver, timeout: Int, options: FleetPlanning.Options
    ) {
        self.context = context
        self.driver = driver
        self.timeout = timeout
        self.options = options
    }

    /// - Parameters:
    ///   - hosts: those whose keys and roles are looked after.
    ///   - looksIntoGuests: whether the roles of guests that run are looked at too, where somebody wants to know only.
    /// - Throws: `Diagnostics` for mistakes in the files; for a host whose key has changed.
    package func plan(_ hosts: [Host], looksIntoGuests: Bool = false) async throws -> UpPlan {
        let began = Clock.monotonic
        let wishes = try MachineWish.read(context, options.names)
        try FleetPlanning(context, driver: driver, options: options).refuseListed()
        let images = try UpImages(context).lines(wishes)
        let certified = try await certified()
        let unknown = try unknownKeys(hosts)
        let trust = HostTrust(context.directory, timeout: timeout)
        let answers = unknown.isEmpty ? [] : try await trust.offers(unknown, parallel: context.parallel)
        let offers = answers.compactMap { try? $0.get() }
        let bare = context.inventory.hosts.filter { $0.isHypervisor && certified?.contains($0.name) != true }
        let strangers = Set(unknown.map(\.name))
        let asked = wishes.isEmpty ? [] : bare.filter { !strangers.contains($0.name) }
        // Those whose keys are to be accepted are asked afterwards; one that has VMs is found out then.
        let holdings = await BareHosts(context: context).holdings(of: asked)
            .merging(offers.map { ($0.host.name, []) }) { told, _ in told }
        async let machines = machinePlan(
            bare: Set(bare.map(\.name)), holdings,
            isPossible: certified != nil && !images.contains(where: \.isMissing))
        let checked = try await checked(hosts, answers, unknown: Set(unknown.map(\.name)), isReady: certified != nil)
        let plan: FleetPlan?
        do {
            plan = try await machines
        } catch {
            // That says where the entry is.
            try UpImages.refuseAbsent(images, wishes, nil)
            throw error
        }
        try UpImages.refuseAbsent(images, wishes, plan)
        return UpPlan(
            offers: offers, needsAuthority: certified == nil, hosts: checked, images: images, machines: plan,
            wishes: wishes, seenGuests: looksIntoGuests ? await seen(UpPlan.guests(wishes, plan), plan) : [],
            bare: bare, holdings: holdings,
            mute: bare.map(\.name).filter { holdings[$0] == nil && !options.assumedAbsent.contains($0) },
            seconds: Clock.seconds(since: began))
    }

    /// Hosts that the authority has made certificates for; nil when there is none yet.
    private func certified() async throws -> Set<String>? {
        guard Authority.isPresent(in: context.directory.pki) else { return nil }
        return Set(try await context.directory.openAuthority().ledger().map(\.name))
    }

    /// Hosts that are reached directly and whose key stands nowhere.
    private func unknownKeys(_ hosts: [Host]) throws -> [Host] {
        let known: KnownHosts
        do throws(SSHError) {
            known = try KnownHosts(files: SSHConnector.knownHostsFiles(context.directory))
        } catch {
            throw Diagnostics(error.diagnostic(host: nil))
        }
        return hosts.filter { host in
            host.connection == .ssh && host.jump == nil
                && known.keys(host: host.address, port: host.port ?? 22).isEmpty
        }
    }

    private func machinePlan(
        bare: Set<String>, _ holdings: [String: Set<String>], isPossible: Bool
    ) async throws -> FleetPlan? {
        let hypervisors = context.inventory.hosts.filter(\.isHypervisor)
        guard isPossible, hypervisors.contains(where: { !bare.contains($0.name) }) else { return nil }
        var options = options
        options.holdings = holdings
        return try await FleetPlanning(context, driver: driver, options: options).plan()
    }

    /// How the roles of guests that run are; those of others nobody can see.
    private func seen(_ guests: [MachineWish], _ machines: FleetPlan?) async -> [UpPlan.GuestLine] {
        let running = Set(
            (machines?.survey.present ?? []).filter { $0.isOwned && $0.activity == .running }.map(\.name))
        let names = guests.map(\.spec.name).filter(running.contains)
        guard !names.isEmpty else { return [] }
        var options = StateRunOptions()
        options.test = true
        let reports = await GuestRoles(context, driver: driver, options: options).apply(to: names, within: 0)
        return reports.map { .init(name: $0.host.name, need: Self.need($0)) }
    }

    private static func need(_ report: HostReport) -> UpPlan.Need {
        if let refusal = report.refusal.first { return .problem(HostProblem(.failed, refusal)) }
        if let problem = report.problem { return .problem(problem) }
        return .states(report.pending + report.failures)
    }

    private func checked(
        _ hosts: [Host], _ answers: [Result<HostTrust.Offer, HostProblem>], unknown: Set<String>, isReady: Bool
    ) async throws -> [UpPlan.HostLine] {
        var silent: [String: HostProblem] = [:]
        for case .failure(let problem) in answers { silent[problem.diagnostic.host ?? ""] = problem }
        var options = StateRunOptions()
        options.test = true
        let seen = isReady ? hosts.filter { !unknown.contains($0.name) && !$0.roles.isEmpty } : []
        let reports = await StateRun(context, options: options).apply([], to: seen)
        let byName = Dictionary(reports.map { ($0.host.name, $0) }) { first, _ in first }
        return hosts.filter { !$0.roles.isEmpty }.map { host in
            if let problem = silent[host.name] { return .init(host: host, need: .problem(problem)) }
            guard let report = byName[host.name] else { return .init(host: host, need: .unseen) }
            return .init(host: host, need: Self.need(report))
        }
    }
}
