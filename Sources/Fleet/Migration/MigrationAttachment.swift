internal import Hypervisor
internal import Inventory
internal import Values

/// Takes over a migration whose controller has gone: looks after it to its end, and settles it as that one would have.
package struct MigrationAttachment: Sendable {
    private let context: FleetContext
    private let driver: any HypervisorDriver

    package init(_ context: FleetContext, driver: any HypervisorDriver) {
        self.context = context
        self.driver = driver
    }

    /// - Throws: ``OperationLocked`` while another process looks after it; `Diagnostics` when it is settled, or another
    ///   controller's; ``HostProblem``, ``MigrationUnknown``, ``MigrationDetached``.
    package func attach(
        _ trace: MigrationTrace, control: MigrationControl, tell: @escaping @Sendable (MigrationProgress) -> Void
    ) async throws -> MigrationOutcome {
        guard let id = trace.record?.record.id, let destination = trace.destination else {
            throw Diagnostics(
                .error(
                    "the migration of \"\(trace.vm)\" was begun by another controller",
                    hint: "`drover op watch \(trace.vm)` shows it, `drover op cancel \(trace.vm)` calls it off"))
        }
        let began = Clock.monotonic
        let lock = try OperationLock(context.directory, machine: trace.vm)
        defer { withExtendedLifetime(lock) {} }
        let record = try Journal(context.directory).known(id)
        guard !record.isClosed else {
            throw Diagnostics(.error("the operation \(id) is over: \(record.lastStep)"))
        }
        let known = try MigrationRecord(record)
        let hosts = try await MigrationHosts.connect(
            from: trace.source, to: destination, settling: record, known.vm, context: context, driver: driver)
        do {
            let course = MigrationCourse(
                hosts: hosts,
                subject: .init(vm: known.vm, from: known.from, to: known.to, storage: known.storage),
                uuid: known.uuid, moved: known.moved, made: known.made, autostart: known.autostart,
                staysPaused: known.staysPaused, options: known.options,
                log: hosts.resumed(Journal(context.directory).resume(record)),
                control: control, tell: tell)
            let outcome = try await course.run(nil, copied: record["copied"]?.int ?? 0, since: began)
            await hosts.close()
            return outcome
        } catch let detached as MigrationDetached {
            throw detached
        } catch {
            await hosts.close()
            throw error
        }
    }
}
