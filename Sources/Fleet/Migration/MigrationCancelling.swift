internal import Hypervisor
internal import Inventory
package import Values

/// Calls a migration off, whoever looks after it. The guest runs on where it is, unless it has switched over already.
package struct MigrationCancelling: Sendable {
    package enum End: String, Sendable {
        case cancelled
        /// It had switched over, or was over.
        case tooLate = "too-late"
    }

    private let context: FleetContext
    private let driver: any HypervisorDriver

    package init(_ context: FleetContext, driver: any HypervisorDriver) {
        self.context = context
        self.driver = driver
    }

    /// - Throws: ``MigrationUnknown`` when it is not known where the guest runs; ``HostProblem``, `Diagnostics`.
    package func cancel(
        _ trace: MigrationTrace, tell: @escaping @Sendable (MigrationProgress) -> Void
    ) async throws -> End {
        if let record = trace.record?.record, record.isClosed { return Self.end(record) }
        guard trace.isOfThisFleet else { return try await abort(trace) }
        let control = MigrationControl()
        control.cancel()
        do {
            let outcome = try await MigrationAttachment(context, driver: driver)
                .attach(trace, control: control, tell: tell)
            if let unknown = outcome.unknown { throw MigrationUnknown(diagnostic: unknown) }
            return outcome.isMigrated ? .tooLate : .cancelled
        } catch is OperationLocked {
            // Another process looks after it, and settles what libvirt then tells it.
            tell(.step("another process looks after it, and settles it"))
            _ = try await abort(trace)
            let end = try await MigrationFollowing(context, driver: driver, trace).run(tell: tell)
            return end.result == .migrated ? .tooLate : .cancelled
        }
    }

    private static func end(_ record: OperationRecord) -> End { record.lastStep == "finished" ? .tooLate : .cancelled }

    /// Has libvirt end its job, and waits until it has.
    private func abort(_ trace: MigrationTrace) async throws -> End {
        try await driver.visit(trace.source) { connection in
            let domain = DomainReference.uuid(trace.uuid)
            do throws(HypervisorError) {
                try await connection.abortJob(domain)
            } catch {
                guard error.code == .operationInvalid || error.code == .noDomain else {
                    throw HostProblem(error, host: trace.source.name)
                }
            }
            while let job = try? await connection.jobStats(domain), job.isActive {
                try await Task.sleep(for: .milliseconds(200))
            }
            let state = try await connection.sideState(of: domain, on: .source)
            return [.absent, .shutOffMigrated, .shutOff].contains(state) ? .tooLate : .cancelled
        }
    }
}
