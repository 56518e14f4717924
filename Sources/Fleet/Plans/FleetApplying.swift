internal import Inventory
internal import Values

/// Carries a plan out: hosts beside each other, several VMs at once on each. A VM that fails costs only itself.
package struct FleetApplying: Sendable {
    package struct Options: Sendable {
        /// Delete VMs though they run.
        package var force = false
        package var assumedAbsent: Set<String> = []
        /// VMs worked on at once on one host: libvirt does one thing at a time with each, and its disk is shared.
        package var perHost = 10
        /// Seconds that a guest is given to shut down.
        package var stopSeconds = 120
        /// Whether running VMs are changed too, where that is possible, or have it at their next start.
        package var isLive = true

        package init() {}
    }

    private let context: FleetContext
    private let driver: any HypervisorDriver
    private let options: Options
    private let tell: @Sendable (PlanEvent) -> Void

    package init(
        _ context: FleetContext, driver: any HypervisorDriver, options: Options = Options(),
        tell: @escaping @Sendable (PlanEvent) -> Void = { _ in }
    ) {
        self.context = context
        self.driver = driver
        self.options = options
        self.tell = tell
    }

    /// - Returns: an outcome for each line, in the plan's order.
    package func apply(_ plan: FleetPlan) async -> [PlanOutcome] {
        let steps = PlanSteps(context, driver: driver, plan: plan, options: options) { [tell] in tell(.progress($0)) }
        let work = plan.lines.filter(\.action.isChanging)
        let pushed = await push(work, steps)
        let groups = Dictionary(grouping: work) { $0.action == .move ? "" : $0.target ?? $0.host ?? "" }
        let finished = await fanOut(groups.sorted { $0.key < $1.key }, limit: context.parallel) { host, lines in
            await carryOut(lines, steps, pushed, limit: host.isEmpty ? Self.movesAtOnce : options.perHost)
        }.flatMap { $0 }
        let outcomes = Dictionary(finished.map { (Self.key($0.line), $0) }) { first, _ in first }
        return plan.lines.map { outcomes[Self.key($0)] ?? steps.standing($0) }
    }

    /// Several VMs may have one name.
    private static func key(_ line: PlanLine) -> String { line.uuid ?? "the new \(line.name)" }

    /// Migrations share the links between hosts.
    private static let movesAtOnce = 2

    /// Images that several hosts lack are handed on from one to the next.
    /// - Returns: the digests of those that were; where one did not arrive, creating a VM brings it or says why not.
    private func push(_ work: [PlanLine], _ steps: PlanSteps) async -> Set<String> {
        var hosts: [String: (image: StoredImage, names: Set<String>)] = [:]
        for line in work {
            guard let image = steps.missingImage(line), let host = line.target else { continue }
            hosts[image.digest, default: (image, [])].names.insert(host)
        }
        var pushed: Set<String> = []
        for (digest, entry) in hosts.sorted(by: { $0.key < $1.key }) where entry.names.count > 1 {
            let targets = context.inventory.hosts.filter { entry.names.contains($0.name) }
            let push = ImagePush(context, driver: driver) { [tell] in tell(.progress($0)) }
            let report = try? await push.push(entry.image, to: targets)
            let isWhole = report?.outcomes.allSatisfy { if case .success = $0.result { true } else { false } }
            if isWhole == true { pushed.insert(digest) }
        }
        return pushed
    }

    /// The lines of one host. The first VM of an image brings it there, and the others of that image wait for it.
    private func carryOut(
        _ lines: [PlanLine], _ steps: PlanSteps, _ pushed: Set<String>, limit: Int
    ) async -> [PlanOutcome] {
        var leaders: [PlanLine] = []
        var others: [PlanLine] = []
        var images: Set<String> = []
        for line in lines {
            let missing = steps.missingImage(line).flatMap { pushed.contains($0.digest) ? nil : $0.digest }
            let isFirst = missing.map { images.insert($0).inserted } ?? false
            isFirst ? leaders.append(line) : others.append(line)
        }
        let first = await fanOut(leaders, limit: limit) { await carryOut($0, steps) }
        return first + (await fanOut(others, limit: limit) { await carryOut($0, steps) })
    }

    private func carryOut(_ line: PlanLine, _ steps: PlanSteps) async -> PlanOutcome {
        let began = Clock.monotonic
        tell(.began(line))
        var problem: HostProblem?
        var isUnknown = false
        var warnings: [Diagnostic] = []
        do {
            try Task.checkCancellation()
            warnings = try await steps.carryOut(line)
        } catch {
            problem = HostProblem(error, host: line.target ?? line.host)
            isUnknown = error is MigrationUnknown || error is OperationUnsettled
        }
        let outcome = PlanOutcome(
            line: line, problem: problem, isUnknown: isUnknown, warnings: warnings, seconds: Clock.seconds(since: began)
        )
        tell(.ended(outcome))
        return outcome
    }
}
