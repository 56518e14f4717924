internal import Hypervisor
internal import Inventory
internal import Values

/// Moves a VM that is off: its files are copied and compared while it stays where it is, and then its definition changes
/// hosts such that it can never start on both. Killed at any moment, recovery takes all of it back or brings it to its end.
struct OfflineMigration: Sendable {
    let context: FleetContext
    let hosts: MigrationHosts
    let plan: MigrationPlan
    let options: MigrationOptions
    let tell: @Sendable (MigrationProgress) -> Void

    /// - Throws: why it was not moved, all being as it was; ``MigrationUnknown`` when that is not known.
    func carryOut(began: UInt64) async throws -> MigrationOutcome {
        let log = try await hosts.mirrored(
            Journal(context.directory).begin("migrate", plan.journal.merged(with: options.journal)))
        let settlement = OfflineSettlement(
            hosts: hosts, uuid: plan.uuid, log: log, keepSource: options.keepSource)
        var made: [String] = []
        var problem: (any Error)?
        do {
            try await move(log, settlement, noting: &made)
        } catch {
            problem = error
        }
        tell(.step("looking at both hosts"))
        // Seen through though the task is cancelled: half a settlement helps nobody.
        let end = try await Task { [made] in
            try await settlement.settle(
                moved: plan.released + plan.releasedLayers, made: made, autostart: plan.autostart)
        }.value
        if end == .notMigrated { throw problem ?? Diagnostics(.error("\"\(plan.vm)\" was not moved")) }
        return MigrationOutcome(
            subject: .init(
                vm: plan.vm, from: plan.source.name, to: plan.destination.name, mode: plan.mode.rawValue,
                storage: plan.storageName), operation: log.id, isMigrated: true, unknown: nil, problem: nil,
            seconds: Clock.seconds(since: began), downtimeMilliseconds: nil, job: nil,
            diskBytes: plan.disks.filter(\.isMoved).reduce(0) { $0 + ($1.plan == .brought ? $1.size : $1.allocated) })
    }

    private func move(_ log: OperationLog, _ settlement: OfflineSettlement, noting made: inout [String]) async throws {
        tell(.step("preparing \(plan.destination.name)"))
        try log.record("preparing")
        try await hosts.source.ask { hypervisor throws(HypervisorError) in
            var metadata = try await hypervisor.metadata(.uuid(plan.uuid)) ?? DomainMetadata()
            metadata.operation = log.id
            try await hypervisor.setMetadata(.uuid(plan.uuid), metadata)
        }
        tell(.step("copying \"\(plan.vm)\" to \(plan.destination.name)"))
        try log.record("copying")
        let stage = MigrationStage(hosts: hosts, plan: plan, connector: context.connector, log: log, tell: tell)
        try await stage.copy(noting: &made)
        try Task.checkCancellation()
        try log.record("copied")
        tell(.step("handing \"\(plan.vm)\" over"))
        // Off first: a host that starts anew must not find it.
        if plan.autostart {
            try await hosts.source.ask { hypervisor throws(HypervisorError) in
                try await hypervisor.setAutostart(.uuid(plan.uuid), false)
            }
        }
        try await settlement.barSource()
        try await requireUnchanged()
        try await settlement.defineDestination()
    }

    /// Nobody has started it since it was looked at, not even for a moment: what was copied is what is there.
    private func requireUnchanged() async throws {
        // Media are given to whoever starts with them; what they hold was compared.
        let disks = plan.disks.filter(\.isMirrored)
        guard !disks.isEmpty else { return }
        let text = try await hosts.source.run(
            #"for path do stat -L -c '%i.%s.%Y.%Z' -- "$path" || exit 1; done"#, arguments: disks.map(\.path),
            doing: "look at the disks again")
        let stamps = text.split(separator: "\n").map(String.init)
        for (disk, stamp) in zip(disks, stamps) where disk.stamp != stamp {
            throw Diagnostics(
                .error(
                    "\"\(disk.path)\" has changed while it was copied", hint: "nothing was moved: try again",
                    host: plan.source.name))
        }
        guard stamps.count == disks.count else {
            throw Diagnostics(.error("the disks could not be looked at again", detail: text, host: plan.source.name))
        }
    }
}
