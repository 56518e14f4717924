internal import Hypervisor
internal import Inventory
internal import Values

/// Brings the migration of a VM that is off to its end from what both hosts have: right after its files were copied, or much
/// later by `op recover`.
struct OfflineSettlement: Sendable {
    enum End: Sendable { case migrated, notMigrated }

    let hosts: MigrationHosts
    let uuid: String
    let log: OperationLog
    /// How long the source's files are kept, in seconds.
    let keepSource: Int

    private var domain: DomainReference { .uuid(uuid) }
    private var barrier: StartBarrier { StartBarrier(operation: log.id) }

    /// - Parameters:
    ///   - moved: what the source lets go of when the VM has moved.
    ///   - made: what this operation made at the destination, removed when it has not.
    /// - Throws: ``MigrationUnknown`` when a person or a host that is away must say more, or it was stopped on the way.
    func settle(moved: [String], made: [String], autostart: Bool) async throws -> End {
        do {
            return try await decide(moved: moved, made: made, autostart: autostart)
        } catch let unknown as MigrationUnknown {
            throw unknown
        } catch {
            var diagnostic =
                (error as? HostProblem)?.diagnostic ?? (error as? Diagnostics)?.all.first
                ?? .error("the migration was not brought to its end", detail: "\(error)")
            diagnostic.hint = "run `drover op recover \(log.id)` when both hosts answer"
            throw MigrationUnknown(diagnostic: diagnostic)
        }
    }

    private func decide(moved: [String], made: [String], autostart: Bool) async throws -> End {
        let (source, destination) = (try await state(hosts.source), try await state(hosts.destination))
        switch OfflineTruth.action(source: source, destination: destination) {
        case .undo:
            try await undo(made: made, autostart: autostart)
            return .notMigrated
        case .complete:
            try await complete(moved: moved)
            try await finish(moved: moved, autostart: autostart)
            return .migrated
        case .finish:
            try await finish(moved: moved, autostart: autostart)
            return .migrated
        case .wait: throw unknown(source, destination, "run `drover op recover \(log.id)` when both hosts answer")
        case .pauseBoth:
            for side in [hosts.source, hosts.destination] {
                try await side.ask { hypervisor throws(HypervisorError) in try await hypervisor.suspend(domain) }
            }
            throw unknown(source, destination, "both copies were paused; decide which one is right")
        case .ask:
            throw unknown(
                source, destination, "no migration leaves this: look at both hosts, and keep the copy that is right")
        }
    }

    private func state(_ side: MigrationHosts.Side) async throws(HostProblem) -> OfflineSide {
        do throws(HypervisorError) {
            guard let machine = try await side.hypervisor.domain(domain) else { return .absent }
            if machine.state.isActive { return .active }
            let description = try await side.hypervisor.description(of: domain, .inactive)
            return barrier.stands(in: description) ? .barred : .off
        } catch {
            guard error.isConnectionLoss else { throw HostProblem(error, host: side.host.name) }
            return .unreachable
        }
    }

    // MARK: Forward

    /// Bars the source's definition, so that the destination's may be made.
    func barSource() async throws {
        try log.record("barring-source")
        try await hosts.source.ask { hypervisor throws(HypervisorError) in
            var definition = try DomainDefinition(reading: try await hypervisor.xml(domain, [.inactive, .secure]))
            barrier.set(up: &definition)
            try await hypervisor.define(xml: try definition.text())
        }
        guard try await state(hosts.source) == .barred else {
            throw Diagnostics(.error("the VM was started meanwhile", host: hosts.source.host.name))
        }
    }

    /// Only while the source is barred. From here on it goes forward.
    func defineDestination() async throws {
        try log.record("defining")
        let text = try await hosts.source.ask { hypervisor throws(HypervisorError) in
            var definition = try DomainDefinition(reading: try await hypervisor.xml(domain, [.inactive, .secure]))
            barrier.remove(from: &definition)
            return try definition.text()
        }
        _ = try await hosts.destination.ask { hypervisor throws(HypervisorError) in
            try await hypervisor.define(xml: text)
        }
    }

    /// The destination's definition is there, the source's barred: snapshots follow, and the source lets go.
    private func complete(moved: [String]) async throws {
        try log.record("redefining-snapshots")
        let snapshots = try await hosts.source.ask { hypervisor throws(HypervisorError) in
            try await hypervisor.snapshotDocuments(of: domain)
        }
        try await hosts.destination.ask { hypervisor throws(HypervisorError) in
            let there = Set(try await hypervisor.snapshots(of: domain).map(\.name))
            for snapshot in snapshots where !there.contains(snapshot.name) {
                try await hypervisor.redefineSnapshot(of: domain, xml: snapshot.xml, isCurrent: snapshot.isCurrent)
            }
        }
        try log.record("releasing-source")
        // Before libvirt forgets the VM: it removes a TPM's state then.
        try await retire(moved)
        try await hosts.source.ask { hypervisor throws(HypervisorError) in
            try await hypervisor.undefine(domain, keepingNVRAM: true, keepingTPM: true)
        }
    }

    private func finish(moved: [String], autostart: Bool) async throws {
        try await hosts.destination.ask { hypervisor throws(HypervisorError) in
            if autostart { try await hypervisor.setAutostart(domain, true) }
        }
        try log.record("tidying-source")
        try await retire(moved)
        await HostTransfer.sweepPools(of: log.id, on: hosts.source)
        await Retirement.refresh(moved, on: hosts.destination)
        try log.record("finished", Mapping([("kept_seconds", Value(keepSource))]))
    }

    /// What others at the source use stays with them.
    private func retire(_ moved: [String]) async throws {
        let inUse = try await MigrationSettlement.users(of: moved, besides: uuid, on: hosts.source)
        try await Retirement.retire(
            moved.filter { !inUse.contains($0) }, operation: log.id, keep: keepSource, on: hosts.source)
    }

    // MARK: Back

    /// The source first: a destination that is lost must not keep a VM from starting.
    private func undo(made: [String], autostart: Bool) async throws {
        try log.record("undoing")
        try await hosts.source.ask { hypervisor throws(HypervisorError) in
            var definition = try DomainDefinition(reading: try await hypervisor.xml(domain, [.inactive, .secure]))
            if barrier.stands(in: definition.description) {
                barrier.remove(from: &definition)
                try await hypervisor.define(xml: try definition.text())
            }
            if autostart { try await hypervisor.setAutostart(domain, true) }
        }
        await HostTransfer.sweepPools(of: log.id, on: hosts.source)
        try await MigrationStage.clean(made, of: uuid, on: hosts.destination)
        try await MigrationStage.removePools(of: log, on: hosts.destination)
        try log.record("undone")
    }

    private func unknown(_ source: OfflineSide, _ destination: OfflineSide, _ hint: String) -> MigrationUnknown {
        let words =
            "\(hosts.source.host.name): \(source.rawValue), \(hosts.destination.host.name): \(destination.rawValue)"
        return MigrationUnknown(
            diagnostic: .error("it is not known how the migration ended (\(words))", hint: hint))
    }
}
