internal import Hypervisor
internal import Inventory
package import Values

/// Carries out a plan that evens a fleet out. What is cut off is gone on with by `op recover`, or by balancing again.
package struct FleetBalance: Sendable {
    private let context: FleetContext
    private let driver: any HypervisorDriver
    private let options: MigrationOptions
    private let tell: @Sendable (RelocationEvent) -> Void

    package init(
        _ context: FleetContext, driver: any HypervisorDriver, options: MigrationOptions = MigrationOptions(),
        tell: @escaping @Sendable (RelocationEvent) -> Void = { _ in }
    ) {
        self.context = context
        self.driver = driver
        self.options = options
        self.tell = tell
    }

    package func apply(_ plan: BalancePlan) async throws -> RelocationReport {
        let lock = try lock()
        defer { withExtendedLifetime(lock) {} }
        let moves = plan.moves.map { move in
            ["vm": Value(move.name), "from": Value(move.from), "to": Value(move.to)] as Value
        }
        let log = try Journal(context.directory).begin(
            "balance",
            Mapping([("subject", Value("\(moves.count) VMs")), ("moves", Value(moves))]).merged(with: options.journal))
        return try await carryOut(plan.moves, log)
    }

    static func resume(
        _ record: OperationRecord, _ context: FleetContext, _ driver: any HypervisorDriver
    ) async throws -> String {
        let balance = FleetBalance(context, driver: driver, options: MigrationOptions(record))
        let lock = try balance.lock()
        defer { withExtendedLifetime(lock) {} }
        let moves = (record["moves"]?.list ?? []).compactMap { move -> BalancePlan.Move? in
            guard let vm = move["vm"]?.string, let from = move["from"]?.string, let to = move["to"]?.string else {
                return nil
            }
            return BalancePlan.Move(name: vm, from: from, to: to)
        }
        let report = try await balance.carryOut(moves, Journal(context.directory).resume(record))
        return report.isSettled ? "finished" : "unknown"
    }

    private func lock() throws -> OperationLock {
        try OperationLock(context.directory, "balance", meaning: "balancing the fleet")
    }

    private func carryOut(_ moves: [BalancePlan.Move], _ log: OperationLog) async throws -> RelocationReport {
        tell(.step("looking for the VMs"))
        var report = RelocationReport(operation: log.id, hosts: Set(moves.flatMap { [$0.from, $0.to] }).sorted())
        let answers = await MachineCensus(context, driver: driver).take()
        let batch = MoveBatch(
            context: context, driver: driver, options: options, parallel: context.parallel, end: nil,
            tell: { [tell] in tell(.ended($0)) })
        // What has moved since the plan was made, by a run that was cut off say, is not this plan's any more.
        let due = moves.compactMap { move -> Relocation.Move? in
            guard let found = try? MachineCensus.one(move.name, among: answers), found.host.name == move.from else {
                return nil
            }
            return Relocation.Move(
                vm: move.name, uuid: found.machine.uuid, from: move.from, to: move.to,
                isLive: found.machine.state.isActive, memoryMiB: found.machine.memoryMiB)
        }
        report.outcomes = await batch.run(due)
        report.isInterrupted = Task.isCancelled
        for outcome in report.outcomes where !outcome.isMoved {
            let move = outcome.move
            guard let reason = outcome.problem else { continue }
            report.left.append(
                Relocation.Stay(vm: move.vm, uuid: move.uuid, host: move.from, isActive: move.isLive, reason: reason))
        }
        if report.isSettled { try log.record("finished") }
        return report
    }
}
