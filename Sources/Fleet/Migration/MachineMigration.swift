internal import Hypervisor
package import Inventory
internal import Values

/// Moves a running VM to another host such that it never runs twice and never vanishes.
///
/// Decided from what both hosts have, never from a return code; journaled before each step; the guest arrives paused and
/// is resumed once the source's copy is seen to be gone, by this process or, should it die, by the watcher on the
/// destination.
package struct MachineMigration: Sendable {
    private let context: FleetContext
    private let driver: any HypervisorDriver
    private let options: MigrationOptions
    private let tell: @Sendable (MigrationProgress) -> Void

    package init(
        _ context: FleetContext, driver: any HypervisorDriver, options: MigrationOptions = MigrationOptions(),
        tell: @escaping @Sendable (MigrationProgress) -> Void = { _ in }
    ) {
        self.context = context
        self.driver = driver
        self.options = options
        self.tell = tell
    }

    /// - Throws: `Diagnostics` for everything that stands against it, before anything was touched; ``HostProblem``;
    ///   ``MigrationUnknown`` when it is not known where the VM runs.
    package func migrate(_ name: String, to destination: Host) async throws -> MigrationOutcome {
        let began = Clock.monotonic
        let lock = try OperationLock(context.directory, machine: name)
        defer { withExtendedLifetime(lock) {} }
        tell(.step("looking for \"\(name)\""))
        let found = try await MachineCensus(context, driver: driver).find(name)
        for host in [found.host, destination] {
            try host.require(found.machine.state.isActive ? .liveMigration : .offlineMigration)
        }
        // Called by its UUID: what counts is the lock of its name.
        guard found.machine.name == name else { return try await migrate(found.machine.name, to: destination) }
        guard found.host.name != destination.name else {
            throw Diagnostics(.error("\"\(name)\" is on \(destination.name) already"))
        }
        try Journal(context.directory).refuseUnsettled(found.machine.uuid)
        tell(.step("checking both hosts"))
        let hosts = try await MigrationHosts.connect(
            from: found.host, to: destination, connector: context.connector, driver: driver)
        do {
            let images = try ImageStore(context.directory).list()
            let preflight = MigrationPreflight(
                hosts: hosts, machine: found.machine, images: images, options: options)
            let plan = try await preflight.plan { tell(.warning($0)) }
            let outcome = try await carryOut(plan, hosts, began)
            await hosts.close()
            return outcome
        } catch let detached as MigrationDetached {
            // The call to libvirt goes on, and closing would wait for it; the process ends anyway.
            throw detached
        } catch {
            await hosts.close()
            throw error
        }
    }

    private func carryOut(
        _ plan: MigrationPlan, _ hosts: MigrationHosts, _ began: UInt64
    ) async throws -> MigrationOutcome {
        if plan.mode == .offline {
            return try await OfflineMigration(context: context, hosts: hosts, plan: plan, options: options, tell: tell)
                .carryOut(began: began)
        }
        let log = try Journal(context.directory).begin(
            "migrate", plan.journal.merged(with: Mapping([("keep_seconds", Value(options.keepSource))])))
        let settlement = MigrationSettlement(hosts: hosts, uuid: plan.uuid, log: log, options: options)
        let stage = MigrationStage(
            hosts: hosts, plan: plan, connector: context.connector,
            log: log, tell: tell)
        let clock = SwitchoverClock(uuid: plan.uuid)
        var made: [String] = []
        do {
            tell(.step("preparing \(plan.destination.name)"))
            try log.record("preparing")
            try await stage.prepare(noting: &made)
            try await announce(plan, hosts, log)
            try await startWatcher(plan, hosts, log)
            try Task.checkCancellation()
            try log.record("migrating")
        } catch {
            let isClean = await Task { [made] in await settlement.takeBack(plan, made: made) }.value
            if !isClean { throw Self.halfDone(plan, log, error) }
            throw error
        }
        let job = MigrationJob(hosts: hosts, plan: plan, options: options, clock: clock, tell: tell)
        let result: MigrationJob.Result
        do {
            result = try await job.run()
        } catch is CancellationError {
            throw MigrationDetached()
        } catch {
            // libvirt may or may not have been asked: what both hosts have decides.
            result = MigrationJob.Result(problem: "\(error)", final: nil, diskBytes: 0)
        }
        tell(.step("looking at both hosts"))
        try log.record("returned", Mapping([("problem", result.problem.map { Value($0) } ?? .null)]))
        // Seen through though the task is cancelled: half a settlement helps nobody.
        let end: MigrationSettlement.End?
        var unknown: Diagnostic?
        do {
            end = try await Task { [made] in try await settlement.settle(plan, made: made, problem: result.problem) }
                .value
        } catch let problem as MigrationUnknown {
            end = nil
            unknown = problem.diagnostic
        }
        await job.waitForResume(end)
        return MigrationOutcome(
            plan: plan, operation: log.id, isMigrated: end == .migrated, unknown: unknown, problem: result.problem,
            seconds: Clock.seconds(since: began), downtimeMilliseconds: clock.downtimeMilliseconds,
            job: result.final, diskBytes: max(result.diskBytes, await copiedBytes(plan, hosts)))
    }

    private static func halfDone(_ plan: MigrationPlan, _ log: OperationLog, _ error: any Error) -> MigrationUnknown {
        var diagnostic = (error as? HostProblem)?.diagnostic ?? .error("\(error)")
        let words =
            "\"\(plan.vm)\" runs on \(plan.source.name) as before; not all that was prepared could be taken back"
        diagnostic.detail = diagnostic.detail.map { $0 + "\n" + words } ?? words
        diagnostic.hint = "run `drover op recover \(log.id)`"
        return MigrationUnknown(diagnostic: diagnostic)
    }

    /// What the moved disks came to at the destination, for what was copied between two looks at the job.
    private func copiedBytes(_ plan: MigrationPlan, _ hosts: MigrationHosts) async -> UInt64 {
        var bytes: UInt64 = 0
        for disk in plan.disks where disk.isMoved {
            bytes += (try? await hosts.destination.hypervisor.volume(path: disk.path))?.allocation ?? 0
        }
        return bytes
    }

    /// The operation's id in the guest's metadata tells other controllers; without autostart at the source a reboot
    /// there cannot start a second copy.
    private func announce(_ plan: MigrationPlan, _ hosts: MigrationHosts, _ log: OperationLog) async throws {
        try await hosts.source.ask { hypervisor throws(HypervisorError) in
            var metadata = try await hypervisor.metadata(.uuid(plan.uuid)) ?? DomainMetadata()
            metadata.operation = log.id
            try await hypervisor.setMetadata(.uuid(plan.uuid), metadata)
            if plan.autostart { try await hypervisor.setAutostart(.uuid(plan.uuid), false) }
        }
    }

    private func startWatcher(_ plan: MigrationPlan, _ hosts: MigrationHosts, _ log: OperationLog) async throws {
        let source = try HypervisorURI.tls(address: plan.source.address, pkiDirectory: nil).text
        let script = HostScript(
            variables: [("uuid", plan.uuid), ("source_uri", source), ("patience", "172800")], MigrationWatcher.script)
        try await script.startDetached(unit: MigrationWatcher.unit(log.id), over: hosts.destination.channel)
    }
}

/// The program on the destination that resumes the guest when no controller is left to do it.
enum MigrationWatcher {
    static let script = String(decoding: PackageResources.migration_watcher_sh, as: UTF8.self)

    /// Its name, and that of its program's file in /run. It ends when that file is gone.
    static func unit(_ operation: String) -> String { "drover-migration-\(operation)" }
}
