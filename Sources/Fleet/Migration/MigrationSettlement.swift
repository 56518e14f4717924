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

    /// Whether its user had paused the guest before: it stays so.
    private var staysPaused: Bool { log.folder.read(log.id)?["state"]?.string == "paused" }

    /// Whatever stops it on the way leaves the outcome unknown: a caller must not take that for "not migrated".
    /// - Parameters:
    ///   - moved: what the source lets go of when the guest has moved.
    ///   - made: what this operation made at the destination, removed when it has not.
    ///   - problem: what libvirt's call reported, for the message.
    /// - Throws: ``MigrationUnknown`` when a person or a host that is away must say more.
    func settle(moved: [String], made: [String], autostart: Bool, problem: String?) async throws -> End {
        do {
            return try await decide(moved: moved, made: made, autostart: autostart, problem: problem)
        } catch let unknown as MigrationUnknown {
            throw unknown
        } catch {
            var diagnostic =
                (error as? HostProblem)?.diagnostic
                ?? .error("the migration was not brought to its end", detail: "\(error)")
            diagnostic.hint = "run `drover op recover \(log.id)` when both hosts answer"
            throw MigrationUnknown(diagnostic: diagnostic)
        }
    }

    private func decide(moved: [String], made: [String], autostart: Bool, problem: String?) async throws -> End {
        for _ in 0..<240 {
            let (source, destination) = try await stablePair()
            switch MigrationTruth.action(source: source, destination: destination) {
            case .reattach: try await Task.sleep(for: .milliseconds(500))
            case .resumeDestination where staysPaused:
                try await finish(moved: moved, autostart: autostart)
                return .migrated
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
            case .deleteLeftovers where source == .pausedByUs && !staysPaused && log.has(.pausing):
                try log.record("resuming-source")
                try await hosts.source.ask { hypervisor throws(HypervisorError) in try await hypervisor.resume(domain) }
            case .deleteLeftovers:
                try await giveUp(made: made, autostart: autostart)
                return .notMigrated
            case .finish:
                try await finish(moved: moved, autostart: autostart)
                return .migrated
            case .pauseBoth:
                try await pauseBoth()
                throw unknown(source, destination, problem, "both copies were paused; decide which one is right")
            case .resumePostcopy:
                do {
                    try await PostcopyRecovery(hosts: hosts, uuid: uuid, log: log).run()
                } catch let error as HypervisorError where error.code == .operationInvalid {
                    // QEMU's own connection lived through it: the rest flows, though libvirt has given up on it.
                    try await Task.sleep(for: .milliseconds(500))
                } catch {
                    throw unknown(
                        source, destination, "\(error)",
                        "the guest's memory is on both hosts: let both run, mend the link, and run `drover op recover "
                            + "\(log.id)`")
                }
            case .waitForHost, .askForFencing, .redefineFromJournal, .askOperator:
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

    /// The two hosts are not asked at one moment: only a pair that is seen twice is acted on, but for two that cannot
    /// change by themselves any more; in one of them the guest stands still.
    private func stablePair() async throws -> (SideState, SideState) {
        var last = try await pair()
        if last == (.absent, .pausedByUs) || last == (.absent, .running) { return last }
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
                // What it keeps beside the disks may be the other host's too: it goes with the files.
                if there.persistent {
                    try await hypervisor.undefine(domain, keepingNVRAM: true, keepingTPM: true)
                }
            }
        }
    }

    private func pauseBoth() async throws {
        try log.record("both-run")
        var problem: HostProblem?
        for side in [hosts.source, hosts.destination] {
            do throws(HostProblem) {
                try await side.ask { hypervisor throws(HypervisorError) in try await hypervisor.suspend(domain) }
            } catch {
                problem = error
            }
        }
        if let problem { throw problem }
    }

    /// The guest runs at the destination: verified once more, then the source lets go of what was moved.
    private func finish(moved: [String], autostart: Bool) async throws {
        try await hosts.destination.ask { hypervisor throws(HypervisorError) in
            if autostart { try await hypervisor.setAutostart(domain, true) }
        }
        try log.record("verified")
        try await remove(from: hosts.source)
        let inUse = try await Self.users(of: moved, besides: uuid, on: hosts.source)
        try await Retirement.retire(
            moved.filter { !inUse.contains($0) }, operation: log.id, keep: options.keepSource, on: hosts.source)
        await Retirement.refresh(moved, on: hosts.destination)
        await HostTransfer.sweepPools(of: log.id, on: hosts.source)
        await stopWatcher()
        try log.record("finished", Mapping([("kept_seconds", Value(options.keepSource))]))
    }

    /// Those of `paths` that others at a host use too, or that others stand on: a common installer, a linked clone's layer.
    static func users(
        of paths: [String], besides uuid: String, on side: MigrationHosts.Side
    ) async throws -> Set<String> {
        guard !paths.isEmpty else { return [] }
        return try await side.ask { hypervisor throws(HypervisorError) in
            let use = try await StoreUse.read(hypervisor, refreshing: true, besides: uuid)
            return Set(use.users(of: paths).map(\.what))
        }
    }

    /// The source first: a destination that is lost must not keep a VM from starting with its host.
    private func giveUp(made: [String], autostart: Bool) async throws {
        try await hosts.source.ask { hypervisor throws(HypervisorError) in
            if autostart { try await hypervisor.setAutostart(domain, true) }
        }
        await stopWatcher()
        await HostTransfer.sweepPools(of: log.id, on: hosts.source)
        try await MigrationStage.clean(made, of: uuid, on: hosts.destination)
        try await MigrationStage.removePools(of: log, on: hosts.destination)
        try log.record("undone")
    }

    /// After a failure before libvirt was asked: nothing of the guest has moved.
    /// - Parameter made: the files that are this operation's; one that it failed to make is somebody else's.
    /// - Returns: whether all was taken back.
    func takeBack(_ plan: MigrationPlan, made: [String]) async -> Bool {
        do {
            try await giveUp(made: made, autostart: plan.autostart)
            return true
        } catch {
            return false
        }
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
