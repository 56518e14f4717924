internal import Inventory
internal import PKI
internal import Values

/// Brings a fleet up by a plan. What is done already is not done again, so that a run that was cut off, or that hosts
/// missed, is gone on with by the next one.
package struct UpRun: Sendable {
    /// Seconds that guests are given to be reached for their roles.
    package struct Options: Sendable {
        package var planning = FleetPlanning.Options()
        package var applying = FleetApplying.Options()
        package var guestSeconds = 180

        package init() {}
    }

    /// Read anew once hosts are trusted: a connector knows only the keys that it began with.
    private let makeContext: @Sendable () throws -> FleetContext
    private let makeDriver: @Sendable (FleetContext) throws -> any HypervisorDriver
    private let options: Options
    private let tell: @Sendable (UpEvent) -> Void

    package init(
        options: Options, context: @escaping @Sendable () throws -> FleetContext,
        driver: @escaping @Sendable (FleetContext) throws -> any HypervisorDriver,
        tell: @escaping @Sendable (UpEvent) -> Void = { _ in }
    ) {
        makeContext = context
        makeDriver = driver
        self.options = options
        self.tell = tell
    }

    /// - Throws: what stops everything: no authority can be made, an image cannot be had. What goes wrong at a host or a VM
    ///   is in the report.
    package func carryOut(_ plan: UpPlan, timeout: Int) async throws -> UpReport {
        let began = Clock.monotonic
        var report = UpReport()
        report.problems = plan.problems
        report.phases.append(
            .init(name: "look", seconds: plan.seconds, changed: 0, failed: 0, unreachable: plan.problems.count))
        try await timed("trust", &report, changed: plan.offers.count) {
            guard !plan.offers.isEmpty else { return }
            try HostTrust(try makeContext().directory, timeout: timeout).accept(plan.offers)
        }
        let context = try makeContext()
        try await timed("authority", &report, changed: plan.needsAuthority ? 1 : 0) {
            guard plan.needsAuthority else { return }
            let creation = AuthorityCreation(context.directory)
            _ = try await creation.create(
                fleetName: creation.standardName, algorithm: .ecP256, days: 3650, overwrite: false)
        }
        let missing = plan.images.filter(\.isMissing)
        try await timed("images", &report, changed: missing.count) {
            try await UpImages(context).fetch(missing) { [tell] in tell(.progress($0)) }
        }
        let driver = try makeDriver(context)
        var options = options
        // Asked now that all are trusted, and before any of them is made a hypervisor that VMs could be put on.
        if !plan.wishes.isEmpty {
            options.planning.holdings = await BareHosts(context: context).holdings(of: plan.bare)
        }
        await roles(plan, context, driver, options, &report)
        try Task.checkCancellation()
        try await machines(plan, context, driver, options, &report)
        try Task.checkCancellation()
        await guests(plan, context, driver, &report)
        report.seconds = plan.seconds + Clock.seconds(since: began)
        return report
    }

    private func timed(
        _ name: String, _ report: inout UpReport, changed: Int, _ body: () async throws -> Void
    ) async rethrows {
        let began = Clock.monotonic
        if changed > 0 { tell(.phase(name)) }
        try await body()
        report.phases.append(
            .init(name: name, seconds: Clock.seconds(since: began), changed: changed, failed: 0, unreachable: 0))
    }

    /// What one host's turn came to.
    private struct Turn: Sendable {
        let report: HostReport
        var machines: [PlanOutcome] = []
    }

    /// Each host's roles, and then at once the VMs that can be nowhere else.
    private func roles(
        _ plan: UpPlan, _ context: FleetContext, _ driver: any HypervisorDriver, _ options: Options,
        _ report: inout UpReport
    ) async {
        let began = Clock.monotonic
        let work = plan.hosts.filter(\.need.isWork).map(\.host)
        if !work.isEmpty { tell(.phase("roles")) }
        let run = StateRun(context) { [tell] in tell(.run($0)) }
        let turns = await fanOut(work, limit: context.parallel) { host -> Turn? in
            guard let report = await run.apply([], to: [host]).first else { return nil }
            tell(.host(report))
            guard report.problem == nil, !report.hasFailed else { return Turn(report: report) }
            return Turn(report: report, machines: await pinned(to: host, plan, context, driver, options))
        }.compactMap { $0 }
        report.hosts = turns.map(\.report)
        report.machines = turns.flatMap(\.machines)
        report.problems += report.hosts.compactMap(\.problem)
        LastRun(context.directory).write(report.hosts)
        report.phases.append(
            .init(
                name: "roles", seconds: Clock.seconds(since: began), changed: report.hosts.count { $0.changes > 0 },
                failed: report.hosts.count(where: \.hasFailed), unreachable: report.hosts.count(where: \.isUnreachable)
            ))
    }

    /// The VMs whose entries name this host. None of them fails what comes after: they are looked at again then.
    private func pinned(
        to host: Host, _ plan: UpPlan, _ context: FleetContext, _ driver: any HypervisorDriver, _ options: Options
    ) async -> [PlanOutcome] {
        let names = plan.wishes.filter { $0.spec.host == host.name }.map(\.spec.name)
        guard !names.isEmpty, host.isHypervisor else { return [] }
        var options = options.planning
        options.names = names
        options.deletable = []
        guard let machines = try? await FleetPlanning(context, driver: driver, options: options).plan() else {
            return []
        }
        return await applying(context, driver).apply(machines).filter { $0.line.action.isChanging && $0.problem == nil }
    }

    private func applying(_ context: FleetContext, _ driver: any HypervisorDriver) -> FleetApplying {
        FleetApplying(context, driver: driver, options: options.applying) { [tell] in tell(.machine($0)) }
    }

    private func machines(
        _ plan: UpPlan, _ context: FleetContext, _ driver: any HypervisorDriver, _ options: Options,
        _ report: inout UpReport
    ) async throws {
        guard !plan.wishes.isEmpty || !options.planning.deletable.isEmpty else { return }
        let began = Clock.monotonic
        // What was seen before the roles is still so where none was applied.
        var current = report.hosts.isEmpty && plan.offers.isEmpty ? plan.machines : nil
        if current == nil {
            current = try await FleetPlanning(context, driver: driver, options: options.planning).plan()
        }
        guard let current else { return }
        if current.isChanging { tell(.phase("vms")) }
        let outcomes = await applying(context, driver).apply(current)
        let earlier = Dictionary(report.machines.map { ($0.line.name, $0) }) { first, _ in first }
        report.machines = outcomes.map { $0.line.action == .keep ? earlier[$0.line.name] ?? $0 : $0 }
        let told = Set(report.problems.compactMap(\.diagnostic.host))
        report.problems += current.problems.filter { !told.contains($0.diagnostic.host ?? "") }
        report.problems += outcomes.compactMap(\.problem)
        report.phases.append(
            .init(
                name: "vms", seconds: Clock.seconds(since: began),
                changed: report.machines.count { $0.line.action.isChanging && $0.problem == nil },
                failed: outcomes.count { $0.problem?.kind == .failed },
                unreachable: outcomes.count { $0.problem.map { $0.kind != .failed } ?? false }))
    }

    private func guests(
        _ plan: UpPlan, _ context: FleetContext, _ driver: any HypervisorDriver, _ report: inout UpReport
    ) async {
        let there = Set(report.machines.filter { $0.problem == nil }.map(\.line.name))
        let names = plan.guests.map(\.spec.name).filter(there.contains)
        guard !names.isEmpty else { return }
        tell(.phase("guests"))
        let began = Clock.monotonic
        let roles = GuestRoles(context, driver: driver) { [tell] in tell(.run($0)) }
        report.guests = await roles.apply(to: names, within: options.guestSeconds)
        report.problems += report.guests.compactMap(\.problem)
        report.phases.append(
            .init(
                name: "guests", seconds: Clock.seconds(since: began), changed: report.guests.count { $0.changes > 0 },
                failed: report.guests.count(where: \.hasFailed),
                unreachable: report.guests.count(where: \.isUnreachable)))
    }
}
