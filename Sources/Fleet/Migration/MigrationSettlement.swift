internal import Hypervisor
internal import Inventory
internal import Values

/// Brings a migration to its end from what both hosts have: right after libvirt's call, or much later by `op recover`.
struct MigrationSettlement: Sendable {
    enum End: Sendable { case migrated, notMigrated }

    let hosts: MigrationHosts
    let uuid: String
    let log: OperationLog
    let options: MigrationOptions

    private var domain: DomainReference { .uuid(uuid) }

    /// - Parameter problem: what libvirt's call reported, for the message.
    /// - Throws: ``MigrationUnknown`` when a person or a host that is away must say more.
    func settle(_ plan: MigrationPlan, problem: String?) async throws -> End {
        try await settle(
            moved: plan.disks.filter(\.isMoved).map(\.path), autostart: plan.autostart, problem: problem)
    }

    /// A host that is lost on the way leaves the outcome unknown.
    func settle(moved: [String], autostart: Bool, problem: String?) async throws -> End {
        do {
            return try await decide(moved: moved, autostart: autostart, problem: problem)
        } catch let lost as HostProblem where lost.kind != .failed {
            var diagnostic = lost.diagnostic
            diagnostic.hint = "run `drover op recover \(log.id)` when both hosts answer"
            throw MigrationUnknown(diagnostic: diagnostic)
        }
    }

    private func decide(moved: [String], autostart: Bool, problem: String?) async throws -> End {
        for _ in 0..<240 {
            let (source, destination) = try await stablePair()
            switch MigrationTruth.action(source: source, destination: destination) {
            case .reattach: try await Task.sleep(for: .milliseconds(500))
            case .resumeDestination: try await resumeDestination()
            case .resumeSource:
                try log.record("resuming-source")
                try await hosts.source.ask { hypervisor throws(HypervisorError) in try await hypervisor.resume(domain) }
            case .destroySource:
                try log.record("removing-source-copy")
                try await remove(from: hosts.source)
            case .discardDestination:
                try log.record("discarding-destination-copy")
                try await remove(from: hosts.destination)
            case .deleteLeftovers:
                try await giveUp(moved: moved, autostart: autostart)
                return .notMigrated
            case .finish:
                try await finish(moved: moved, autostart: autostart)
                return .migrated
            case .pauseBoth:
                try await pauseBoth()
                throw unknown(source, destination, problem, "both copies were paused; decide which one is right")
            case .waitForHost, .askForFencing, .resumePostcopy, .redefineFromJournal, .askOperator:
                throw unknown(source, destination, problem, "run `drover op recover \(log.id)` when both hosts answer")
            }
        }
        let (source, destination) = try await pair()
        throw unknown(source, destination, problem, "it goes on; run `drover op recover \(log.id)` later")
    }

    private func pair() async throws -> (SideState, SideState) {
        let source = try await hosts.source.ask { hypervisor throws(HypervisorError) in
            try await hypervisor.sideState(of: domain, on: .source)
        }
        let destination = try await hosts.destination.ask { hypervisor throws(HypervisorError) in
            try await hypervisor.sideState(of: domain, on: .destination)
        }
        return (source, destination)
    }

    /// The two hosts are not asked at one moment: only a pair that is seen twice is acted on. The one exception cannot
    /// change by itself any more, and the guest stands still in it.
    private func stablePair() async throws -> (SideState, SideState) {
        var last = try await pair()
        if last == (.absent, .pausedByUs) { return last }
        for _ in 0..<20 {
            try await Task.sleep(for: .milliseconds(100))
            let next = try await pair()
            if next == last { return next }
            last = next
        }
        return last
    }

    private func resumeDestination() async throws {
        do throws(HypervisorError) {
            try await hosts.destination.hypervisor.resume(domain)
        } catch {
            // The watcher may have been first; what counts is looked at again.
            guard error.code == .operationInvalid || error.code == .operationFailed else {
                throw HostProblem(error, host: hosts.destination.host.name)
            }
        }
    }

    private func remove(from side: MigrationHosts.Side) async throws {
        try await side.ask { hypervisor throws(HypervisorError) in
            if let there = try await hypervisor.domain(domain) {
                if there.state.isActive { try await hypervisor.destroy(domain) }
                if there.persistent { try await hypervisor.undefine(domain) }
            }
        }
    }

    private func pauseBoth() async throws {
        try log.record("both-run")
        for side in [hosts.source, hosts.destination] {
            try await side.ask { hypervisor throws(HypervisorError) in try await hypervisor.suspend(domain) }
        }
    }

    /// The guest runs at the destination: verified once more, then the source lets go of what was moved.
    private func finish(moved: [String], autostart: Bool) async throws {
        try await hosts.destination.ask { hypervisor throws(HypervisorError) in
            if autostart { try await hypervisor.setAutostart(domain, true) }
        }
        try log.record("verified")
        try await remove(from: hosts.source)
        try await MigrationStage.retire(moved, operation: log.id, keep: options.keepSource, on: hosts.source)
        await stopWatcher()
        try log.record("finished", Mapping([("kept_seconds", Value(options.keepSource))]))
    }

    private func giveUp(moved: [String], autostart: Bool) async throws {
        await stopWatcher()
        try await MigrationStage.clean(moved, on: hosts.destination)
        try await hosts.source.ask { hypervisor throws(HypervisorError) in
            if autostart { try await hypervisor.setAutostart(domain, true) }
        }
        try log.record("undone")
    }

    /// After a failure before libvirt was asked: nothing of the guest has moved.
    /// - Parameter made: the files that are this operation's; one that it failed to make is somebody else's.
    func takeBack(_ plan: MigrationPlan, made: [String]) async {
        try? await giveUp(moved: made, autostart: plan.autostart)
    }

    private func stopWatcher() async {
        let program = "/run/\(MigrationWatcher.unit(log.id)).sh"
        _ = try? await hosts.destination.run(#"rm -f -- "$program""#, [("program", program)], doing: "end the watcher")
    }

    private func unknown(
        _ source: SideState, _ destination: SideState, _ problem: String?, _ hint: String
    ) -> MigrationUnknown {
        let words =
            "\(hosts.source.host.name): \(source.rawValue), \(hosts.destination.host.name): \(destination.rawValue)"
        return MigrationUnknown(
            diagnostic: .error(
                "it is not known how the migration ended (\(words))", detail: problem, hint: hint))
    }
}
