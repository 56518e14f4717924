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
    private let control: MigrationControl
    private let tell: @Sendable (MigrationProgress) -> Void

    package init(
        _ context: FleetContext, driver: any HypervisorDriver, options: MigrationOptions = MigrationOptions(),
        control: MigrationControl = MigrationControl(),
        tell: @escaping @Sendable (MigrationProgress) -> Void = { _ in }
    ) {
        self.context = context
        self.driver = driver
        self.options = options
        self.control = control
        self.tell = tell
    }

    /// - Throws: `Diagnostics` for everything that stands against it, before anything was touched; ``HostProblem``;
    ///   ``MigrationUnknown`` when it is not known where the VM runs; ``MigrationDetached``.
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
            to: destination, locking: found, context: context, driver: driver)
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
        guard let transfer = plan.transfer else { throw Diagnostics(.error("the two hosts could not be compared")) }
        let request = try MigrationRequest(plan, transfer, options)
        options.risks(of: plan).forEach { tell(.warning($0)) }
        let state = Mapping([
            ("state", Value(transfer.isPaused ? "paused" : "running")), ("copied", Value(plan.copiedTargets.count)),
            ("data", Value(transfer.address)),
        ])
        let log = try await hosts.mirrored(
            Journal(context.directory).begin(
                "migrate", plan.journal.merged(with: state).merged(with: options.journal)))
        let settlement = MigrationSettlement(hosts: hosts, uuid: plan.uuid, log: log, options: options)
        let stage = MigrationStage(
            hosts: hosts, plan: plan, connector: context.connector,
            log: log, tell: tell)
        var made: [String] = []
        do {
            tell(.step("preparing \(plan.destination.name)"))
            try log.record(MigrationStep.preparing.rawValue)
            try await stage.prepare(noting: &made)
            try await announce(plan, hosts, log)
            if options.arrivesPaused, !transfer.isPaused { try await startWatcher(plan, hosts, log) }
            let first = UInt64(Convergence(options).firstDowntime)
            try? await hosts.source.hypervisor.setMaxDowntime(.uuid(plan.uuid), milliseconds: first)
            try Task.checkCancellation()
            try log.record(MigrationStep.migrating.rawValue)
        } catch {
            let isClean = await Task { [made] in await settlement.takeBack(plan, made: made) }.value
            if !isClean { throw Self.halfDone(plan, log, error) }
            throw error
        }
        let course = MigrationCourse(
            hosts: hosts,
            subject: .init(
                vm: plan.vm, from: plan.source.name, to: plan.destination.name, storage: plan.storageName),
            uuid: plan.uuid, moved: plan.released + plan.releasedLayers, made: made, autostart: plan.autostart,
            staysPaused: transfer.isPaused,
            options: options, log: log, control: control, tell: tell)
        return try await course.run(request, copied: plan.copiedTargets.count, since: began)
    }

    private static func halfDone(_ plan: MigrationPlan, _ log: OperationLog, _ error: any Error) -> MigrationUnknown {
        var diagnostic = (error as? HostProblem)?.diagnostic ?? .error("\(error)")
        let words =
            "\"\(plan.vm)\" runs on \(plan.source.name) as before; not all that was prepared could be taken back"
        diagnostic.detail = diagnostic.detail.map { $0 + "\n" + words } ?? words
        diagnostic.hint = "run `drover op recover \(log.id)`"
        return MigrationUnknown(diagnostic: diagnostic)
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
