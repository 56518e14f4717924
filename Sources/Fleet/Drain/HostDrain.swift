internal import Hypervisor
package import Inventory
package import Values

/// Moves everything off hosts, and keeps VMs from being put on them until they are undrained.
///
/// The mark comes first, then a whole plan, then the moves; each is an operation of its own that cannot lose a VM. What is
/// cut off is gone on with by draining again, from any controller.
package struct HostDrain: Sendable {
    private let context: FleetContext
    private let driver: any HypervisorDriver
    private let options: DrainOptions
    private let tell: @Sendable (RelocationEvent) -> Void

    /// Times that what is still there is planned anew: for VMs that came meanwhile, or that were shut down to move.
    private static let rounds = 4

    package init(
        _ context: FleetContext, driver: any HypervisorDriver, options: DrainOptions,
        tell: @escaping @Sendable (RelocationEvent) -> Void = { _ in }
    ) {
        self.context = context
        self.driver = driver
        self.options = options
        self.tell = tell
    }

    private var planning: RelocationPlanning { RelocationPlanning(context: context, driver: driver) }

    /// What would be done; nothing is.
    package func plan(_ hosts: [Host]) async throws -> Relocation {
        try await plan(Set(hosts.map(\.name)), except: [])
    }

    private func plan(_ names: Set<String>, except tried: Set<String>) async throws -> Relocation {
        let survey = await planning.survey(residences: names)
        let residents = try planning.residents(of: names, in: survey).filter { !tried.contains($0.machine.uuid) }
        let allowed = try options.to.map { Set(try context.hosts($0).map(\.name)) }
        return try planning.plan(residents, in: survey, closed: names, words: options.to) { _ in allowed }
    }

    /// - Throws: ``HostProblem`` of a host that does not answer, before anything is moved; `Diagnostics` with a reason for
    ///   each VM that cannot move, where none is to be then.
    package func drain(_ hosts: [Host]) async throws -> RelocationReport {
        let locks = try HostDrain.lock(hosts, context)
        defer { withExtendedLifetime(locks) {} }
        let names = hosts.map(\.name)
        let fields = Mapping([
            ("subject", Value(names.joined(separator: ","))), ("hosts", Value(names.map { Value($0) })),
        ])
        let log = try Journal(context.directory).begin("drain", fields.merged(with: options.journal))
        return try await carryOut(hosts, log)
    }

    /// Goes on with a drain that was cut off.
    static func resume(
        _ record: OperationRecord, _ context: FleetContext, _ driver: any HypervisorDriver
    ) async throws -> String {
        let hosts = try (record["hosts"]?.list ?? []).compactMap(\.string).map(context.host(named:))
        let locks = try lock(hosts, context)
        defer { withExtendedLifetime(locks) {} }
        let drain = HostDrain(context, driver: driver, options: DrainOptions(record))
        let report = try await drain.carryOut(hosts, Journal(context.directory).resume(record))
        return report.isSettled ? "finished" : "unknown"
    }

    /// One drain of a host at a time, and no undraining meanwhile.
    static func lock(_ hosts: [Host], _ context: FleetContext) throws -> [OperationLock] {
        try hosts.map(\.name).sorted().map { name in
            try OperationLock(context.directory, "drain-\(name)", meaning: "draining the host \"\(name)\"")
        }
    }

    private func carryOut(_ hosts: [Host], _ log: OperationLog) async throws -> RelocationReport {
        let fresh = try await mark(hosts, log)
        await settleEarlier(hosts, log)
        var report = RelocationReport(operation: log.id, hosts: hosts.map(\.name))
        var reasons: [String: Diagnostic] = [:]
        var tried: Set<String> = []
        let end = options.deadline.map { Clock.monotonic + UInt64(max(0, $0)) * 1_000_000_000 }
        for round in 0..<Self.rounds where !Task.isCancelled {
            tell(.step("looking at the hosts"))
            let plan = try await plan(Set(report.hosts), except: tried)
            if plan.moves.isEmpty && plan.stays.isEmpty && round > 0 { break }
            if round == 0, options.ifCannotMove == .fail, let found = Self.refusal(plan.stays) {
                await unmark(fresh)
                try log.record("undone")
                throw found
            }
            tell(.plan(plan))
            try await note(plan.moves, hosts, log)
            let batch = MoveBatch(
                context: context, driver: driver, options: options.migration, parallel: options.parallel, end: end,
                tell: { [tell] in tell(.ended($0)) })
            let outcomes = await batch.run(plan.moves)
            report.outcomes += outcomes
            for stay in plan.stays { reasons[stay.uuid] = stay.reason }
            for outcome in outcomes { reasons[outcome.move.uuid] = outcome.problem }
            tried.formUnion(plan.stays.map(\.uuid) + plan.moves.map(\.uuid))
            if options.ifCannotMove == .stop {
                let stopped = await stop(plan, outcomes, except: report.stopped)
                report.stopped += stopped.values
                tried.subtract(stopped.keys)
            }
        }
        report.isInterrupted = Task.isCancelled
        // Also when the task was cancelled: who interrupts wants to know what is left.
        report.left = await Task { [reasons] in await left(hosts, reasons) }.value
        if report.isSettled {
            try log.record("finished", Mapping([("left", Value(report.left.map { Value($0.vm) }))]))
        }
        return report
    }

    /// - Returns: the hosts that had no mark.
    private func mark(_ hosts: [Host], _ log: OperationLog) async throws -> [Host] {
        tell(.step("marking \(hosts.map(\.name).joined(separator: ", "))"))
        let mark = DrainMark(
            by: Requester.name, at: Clock.iso(Clock.now), reason: options.reason, operation: log.id)
        let answers = await HostAnswers(hosts, limit: context.parallel) { host in
            try await DrainRecord(host: host, connector: context.connector).set(mark)
        }
        let fresh = answers.hosts.filter { (try? $0.answer.get()) == true }.map(\.host)
        guard let problem = answers.problems.first else {
            try log.record("marked")
            DrainMemory(context.directory).remember(hosts.map { ($0.name, mark) })
            return fresh
        }
        await unmark(fresh)
        try log.record("undone")
        throw problem
    }

    /// Seen through though the task is cancelled.
    private func unmark(_ hosts: [Host]) async {
        DrainMemory(context.directory).remember(hosts.map { ($0.name, nil) })
        let connector = context.connector
        await Task {
            _ = await fanOut(hosts, limit: 64) { host in
                try? await DrainRecord(host: host, connector: connector).removeMark()
            }
        }.value
    }

    /// Migrations away from here that an earlier drain left to themselves, and that drain itself, which this one takes up.
    private func settleEarlier(_ hosts: [Host], _ log: OperationLog) async {
        let names = Set(hosts.map(\.name))
        let journal = Journal(context.directory)
        let recovery = OperationRecovery(context, driver: driver)
        for record in journal.unfinished() {
            switch record.kind {
            case "migrate":
                guard let from = record["from"]?.string, names.contains(from) else { continue }
                tell(.step("settling the migration of \(record["vm"]?.string ?? "a VM")"))
                _ = await recovery.recover(record)
            case "drain":
                let theirs = Set((record["hosts"]?.list ?? []).compactMap(\.string))
                guard record.id != log.id, theirs.isSubset(of: names) else { continue }
                try? journal.resume(record).record("finished", Mapping([("taken_up_by", Value(log.id))]))
            default: continue
            }
        }
    }

    /// On the hosts before anything moves: whoever undrains them must know what to bring back.
    private func note(_ moves: [Relocation.Move], _ hosts: [Host], _ log: OperationLog) async throws {
        try log.record("planned", Mapping([("moves", Value(moves.map(\.value)))]))
        for host in hosts {
            let departures = moves.filter { $0.from == host.name }
                .map { DrainRecord.Departure(vm: $0.vm, uuid: $0.uuid, to: $0.to) }
            try await DrainRecord(host: host, connector: context.connector).note(departures)
        }
    }

    private static func refusal(_ stays: [Relocation.Stay]) -> Diagnostics? {
        Diagnostics(
            stays.map { stay in
                .error(
                    "\"\(stay.vm)\" cannot move: \(stay.reason.summary)", detail: stay.reason.detail,
                    hint: stay.reason.hint, host: stay.host)
            })
    }

    /// Shuts down those that could not move while they ran.
    /// - Returns: their names by UUID.
    private func stop(
        _ plan: Relocation, _ outcomes: [MoveOutcome], except stopped: [String]
    ) async -> [String: String] {
        var running: [String: String] = [:]
        for stay in plan.stays where stay.isActive { running[stay.uuid] = stay.vm }
        for outcome in outcomes where outcome.move.isLive {
            if case .notMoved = outcome.end { running[outcome.move.uuid] = outcome.move.vm }
        }
        running = running.filter { !stopped.contains($0.value) }
        guard !running.isEmpty, !Task.isCancelled else { return [:] }
        tell(.step("shutting down \(running.values.sorted().joined(separator: ", "))"))
        let power = MachinePower(context, driver: driver)
        let ends = (try? await power.act(.stop(within: options.patience), on: running.values.sorted())) ?? []
        let off = Set(ends.filter { $0.result == "off" }.map(\.name))
        return running.filter { off.contains($0.value) }
    }

    private func left(_ hosts: [Host], _ reasons: [String: Diagnostic]) async -> [Relocation.Stay] {
        await MachineCensus(context, driver: driver).take(hosts).flatMap { answer -> [Relocation.Stay] in
            ((try? answer.machines.get()) ?? []).map { machine in
                Relocation.Stay(
                    vm: machine.name, uuid: machine.uuid, host: answer.host.name, isActive: machine.state.isActive,
                    reason: reasons[machine.uuid] ?? .error("it was not there when the plan was made"))
            }
        }
    }
}
