internal import Hypervisor
internal import Inventory
package import Values

/// Looks on while a migration goes on that another process, or nobody, looks after; changes nothing.
package struct MigrationFollowing: Sendable {
    /// How it stands when there is nothing more to see.
    package struct Ended: Sendable {
        package enum Result: String, Sendable {
            case migrated
            case notMigrated = "not-migrated"
            /// libvirt is done with it, and nobody settles it.
            case unsettled
        }

        package let trace: MigrationTrace
        package let result: Result

        /// Stable API: programs read these keys.
        package var value: Value {
            [
                "vm": Value(trace.vm), "from": Value(trace.source.name),
                "to": trace.destination.map { Value($0.name) } ?? .null, "result": Value(result.rawValue),
                "operation": trace.operation.map { Value($0) } ?? .null,
            ]
        }
    }

    private let context: FleetContext
    private let driver: any HypervisorDriver
    private let trace: MigrationTrace

    package init(_ context: FleetContext, driver: any HypervisorDriver, _ trace: MigrationTrace) {
        self.context = context
        self.driver = driver
        self.trace = trace
    }

    /// Until it is settled, or until libvirt is done where nobody settles it.
    /// - Throws: ``HostProblem`` when the source does not answer from the beginning, `CancellationError`.
    package func run(tell: @escaping @Sendable (MigrationProgress) -> Void) async throws -> Ended {
        if let end = settled() { return end }
        let source = try await driver.connect(to: trace.source)
        do {
            let end = try await watch(source, tell)
            await source.close()
            return end
        } catch {
            await source.close()
            throw error
        }
    }

    private func watch(
        _ source: HypervisorConnection, _ tell: @escaping @Sendable (MigrationProgress) -> Void
    ) async throws -> Ended {
        var meter = MigrationMeter(maxDowntime: trace.record?.options.maxDowntime ?? Int.max)
        var (told, idle) = (0, 0)
        while true {
            try await Task.sleep(for: .milliseconds(200))
            tellSteps(&told, tell)
            if let end = settled() { return end }
            if let job = try? await source.jobStats(.uuid(trace.uuid)), job.isActive {
                idle = 0
                tell(.copying(meter.read(job, elapsed: Int(clamping: job.elapsed))))
                continue
            }
            idle += 1
            // Whoever looks after it has a while to settle it.
            guard idle > 15, !isLookedAfter else { continue }
            return Ended(trace: trace, result: trace.isOfThisFleet ? .unsettled : await place(source))
        }
    }

    /// What its own controller has written down by now.
    private func settled() -> Ended? {
        guard let id = trace.record?.record.id, let record = Journal(context.directory).operation(id), record.isClosed
        else { return nil }
        return Ended(trace: trace, result: record.lastStep == "finished" ? .migrated : .notMigrated)
    }

    private func tellSteps(_ told: inout Int, _ tell: (MigrationProgress) -> Void) {
        guard let id = trace.record?.record.id, let steps = Journal(context.directory).operation(id)?.steps else {
            return
        }
        for step in steps.dropFirst(told) {
            let why = step["why"]?.string.map { ": \($0)" } ?? ""
            tell(.step((step["step"]?.string ?? "") + why))
        }
        told = steps.count
    }

    /// Whether a process of this fleet directory works on it.
    private var isLookedAfter: Bool {
        guard trace.isOfThisFleet else { return false }
        do {
            _ = try OperationLock(context.directory, machine: trace.vm)
            return false
        } catch {
            return true
        }
    }

    /// Where another controller's guest has come to.
    private func place(_ source: HypervisorConnection) async -> Ended.Result {
        switch try? await source.sideState(of: .uuid(trace.uuid), on: .source) {
        case .absent, .shutOffMigrated: .migrated
        case .running, .pausedByUs: .notMigrated
        default: .unsettled
        }
    }
}
