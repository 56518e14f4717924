internal import Hypervisor
internal import Inventory
internal import Values

/// What each kind of line takes.
struct PlanSteps: Sendable {
    private let context: FleetContext
    private let driver: any HypervisorDriver
    private let plan: FleetPlan
    private let options: FleetApplying.Options
    private let say: @Sendable (String) -> Void
    /// Volumes of each host when it was asked.
    private let volumes: [String: Set<String>]
    /// Minutes may lie between the plan and what is done by it.
    private let census: FreshCensus

    init(
        _ context: FleetContext, driver: any HypervisorDriver, plan: FleetPlan, options: FleetApplying.Options,
        say: @escaping @Sendable (String) -> Void
    ) {
        self.context = context
        self.driver = driver
        self.plan = plan
        self.options = options
        self.say = say
        census = FreshCensus(context, driver: driver, first: plan.survey)
        volumes = Dictionary(
            plan.survey.answers.map { ($0.host.name, (try? $0.stock.get())?.volumes ?? []) }
        ) { first, _ in first }
    }

    /// The image that a new VM needs and its host has not.
    func missingImage(_ line: PlanLine) -> StoredImage? {
        guard line.action == .create, let host = line.target, let word = plan.wishes[line.name]?.spec.image,
            let image = try? ImageStore(context.directory).find(word)
        else { return nil }
        return volumes[host]?.contains(image.volumeName) == true ? nil : image
    }

    /// The outcome of a line that nothing is done for.
    func standing(_ line: PlanLine) -> PlanOutcome {
        var problem: HostProblem?
        switch line.action {
        case .unknown:
            problem = HostProblem(
                .unreachable, .error("\"\(line.name)\" is not touched", detail: line.reason, host: line.host))
        case .refused:
            problem = HostProblem(.failed, .error("\"\(line.name)\" cannot be", detail: line.reason, host: line.host))
        case .foreign:
            problem = HostProblem(
                .failed, .error("\"\(line.name)\" is not Drover's", hint: line.reason, host: line.host))
        default: break
        }
        return PlanOutcome(line: line, problem: problem, warnings: [], seconds: 0)
    }

    /// - Returns: what is only to be said.
    func carryOut(_ line: PlanLine) async throws -> [Diagnostic] {
        switch line.action {
        case .create: return try await create(line)
        case .change: return try await change(line)
        case .move: return try await move(line)
        case .delete: return try await delete(line)
        case .keep, .unknown, .refused, .foreign, .unlisted: return []
        }
    }

    private func create(_ line: PlanLine) async throws -> [Diagnostic] {
        guard let wish = plan.wishes[line.name], let host = line.target else { return [] }
        let creation = MachineCreation(context, driver: driver, say: say)
        let created = try await creation.create(
            wish.spec, on: try context.host(named: host), assumedAbsent: Array(plan.assumedAbsent),
            census: census)
        return created.warnings
    }

    private func move(_ line: PlanLine) async throws -> [Diagnostic] {
        guard let target = line.target else { return [] }
        let migration = MachineMigration(context, driver: driver) { [say] progress in
            if case .step(let words) = progress { say("\(line.name): \(words)") }
        }
        let outcome = try await migration.migrate(line.name, to: try context.host(named: target))
        if let unknown = outcome.unknown { throw MigrationUnknown(diagnostic: unknown) }
        guard outcome.isMigrated else {
            throw Diagnostics(.error("\"\(line.name)\" was not moved", detail: outcome.problem, host: line.host))
        }
        guard !line.changes.isEmpty else { return [] }
        return try await change(line, since: Clock.monotonic)
    }

    private func delete(_ line: PlanLine) async throws -> [Diagnostic] {
        let deletion = MachineDeletion(context, driver: driver)
        let remains = try await deletion.remains(of: line.uuid ?? line.name)
        let kept = try await deletion.delete(
            remains.found, volumes: remains.volumes, force: options.force,
            assumedAbsent: Array(options.assumedAbsent))
        return remains.warnings + kept
    }

    /// - Parameter moment: since when the VM is where it is.
    private func change(_ line: PlanLine, since moment: UInt64 = 0) async throws -> [Diagnostic] {
        let wanted = PlannedChanges(line.changes, isLive: options.isLive)
        var changes: [MachineChange] = []
        if wanted.resizes {
            let found = try await located(line, surely: true, since: moment)
            changes += try await MachineResizing(context, driver: driver).resize(found, wanted.size)
        }
        if !wanted.devices.isEmpty {
            let found = try await located(line, surely: true, since: moment)
            changes += try await MachineChanging(context, driver: driver).change(
                found, wanted.devices, assumedAbsent: Array(options.assumedAbsent))
        }
        let warnings = changes.filter { $0.now == false }.map { change in
            Diagnostic.warning(
                "\(line.name): \(change.subject) \(change.to) takes effect at the next start", detail: change.note,
                host: line.host)
        }
        if wanted.state != nil || wanted.autostart != nil {
            try await settle(line, state: wanted.state, autostart: wanted.autostart, since: moment)
        }
        return warnings
    }

    private func settle(
        _ line: PlanLine, state: StartState?, autostart: Bool?, since moment: UInt64
    ) async throws {
        let act: PowerAct? = state.map {
            $0 == .stopped ? .stop(within: options.stopSeconds) : .start(discardingSaved: false)
        }
        let hold = MachineHold(context, driver: driver)
        // A second VM of that name on a host that does not answer would then run twice.
        let found = try await located(line, surely: act?.needsEveryHost == true, since: moment)
        try await hold.with(found, for: "apply") { held in
            if let autostart { try await held.connection.setAutostart(held.domain, autostart) }
            guard let act else { return }
            let isPaused = held.found.machine.state.activity == .paused
            switch (state, isPaused, held.isActive) {
            case (.running, true, _): _ = try await PowerAct.resume.perform(on: held)
            case (.paused, _, false): try await held.connection.start(held.domain, paused: true)
            default: _ = try await act.perform(on: held)
            }
        }
    }

    /// - Parameter surely: no other host may have it, those aside that were said to have none of the VMs.
    private func located(
        _ line: PlanLine, surely: Bool, since moment: UInt64
    ) async throws -> MachineCensus.Found {
        let answers = await census.answers(since: moment)
        let name = line.uuid ?? line.name
        guard surely else { return try MachineCensus.one(name, among: answers) }
        return try MachineCensus(context, driver: driver)
            .surely(name, among: answers, assumedAbsent: Array(options.assumedAbsent))
    }
}
