internal import CLibvirt

/// What one of the two hosts of a migration has of the domain.
public enum SideState: String, Sendable, Hashable, CaseIterable {
    /// Its processors run, and no job works on it.
    case running
    /// Its processors run, and a migration works on it.
    case runningJobActive
    /// Stopped by a migration that still works on it: the moment of the switch-over.
    case pausedJobActive
    /// Stopped by a migration that nothing works on any more.
    case pausedMigration
    /// Waiting for what the source sends.
    case pausedIncoming
    /// Complete and stopped: at the destination by the switch-over, at the source by its user.
    case pausedByUs
    /// Stopped for another reason, such as an I/O error.
    case pausedOther
    /// Its process ended because it was migrated away.
    case shutOffMigrated
    /// Its process ended for another reason, or never was.
    case shutOff
    /// The host has never heard of it.
    case absent
    /// Running at the destination with memory still to be fetched, or waiting at the source as the one that has it.
    case postcopy
    /// Its post-copy connection broke: neither side has all of the memory.
    case postcopyFailed
    /// The host does not answer: nothing is known.
    case unreachable
}

extension SideState {
    /// Which of the two hosts is looked at.
    public enum Side: String, Sendable, Hashable, CaseIterable {
        case source, destination
    }

    /// Maps what libvirt says.
    ///
    /// - Parameters:
    ///   - state: the domain's state; nil when the host has no such domain.
    ///   - hasJob: whether `jobStats` reports an active job.
    public init(_ state: DomainState?, hasJob: Bool, on side: Side) {
        guard let state else {
            self = .absent
            return
        }
        switch state.activity {
        case .running, .blocked: self = Self.running(state.reason, hasJob: hasJob)
        case .paused: self = Self.paused(state.reason, hasJob: hasJob, on: side)
        case .shutOff, .crashed:
            let migrated = state.activity == .shutOff && state.reason == Int32(VIR_DOMAIN_SHUTOFF_MIGRATED.rawValue)
            self = migrated ? .shutOffMigrated : .shutOff
        // On its way down, asleep, or unknown: its process is there.
        case .shuttingDown, .suspended, .none: self = hasJob ? .runningJobActive : .running
        }
    }

    private static func running(_ reason: Int32, hasJob: Bool) -> SideState {
        switch UInt32(bitPattern: reason) {
        case VIR_DOMAIN_RUNNING_POSTCOPY.rawValue: .postcopy
        case VIR_DOMAIN_RUNNING_POSTCOPY_FAILED.rawValue: .postcopyFailed
        default: hasJob ? .runningJobActive : .running
        }
    }

    private static func paused(_ reason: Int32, hasJob: Bool, on side: Side) -> SideState {
        switch UInt32(bitPattern: reason) {
        case VIR_DOMAIN_PAUSED_POSTCOPY.rawValue: .postcopy
        case VIR_DOMAIN_PAUSED_POSTCOPY_FAILED.rawValue: .postcopyFailed
        case VIR_DOMAIN_PAUSED_MIGRATION.rawValue, VIR_DOMAIN_PAUSED_STARTING_UP.rawValue:
            switch side {
            case .source: hasJob ? .pausedJobActive : .pausedMigration
            case .destination: .pausedIncoming
            }
        case VIR_DOMAIN_PAUSED_USER.rawValue:
            switch (side, hasJob) {
            case (_, false): .pausedByUs
            case (.source, true): .pausedJobActive
            case (.destination, true): .pausedIncoming
            }
        default: hasJob && side == .source ? .pausedJobActive : .pausedOther
        }
    }
}

extension HypervisorConnection {
    /// What this host has of the domain: asked, never inferred. `unreachable` when it does not answer.
    public func sideState(
        of domain: DomainReference, on side: SideState.Side
    ) async throws(HypervisorError) -> SideState {
        do throws(HypervisorError) {
            let state = try await state(domain)
            guard state.isActive else { return SideState(state, hasJob: false, on: side) }
            return SideState(state, hasJob: try await hasJob(domain), on: side)
        } catch {
            if error.code == .noDomain { return .absent }
            if error.isConnectionLoss { return .unreachable }
            throw error
        }
    }

    /// Whether a job works on the domain. A destination has no figures for the migration it receives, and says so.
    private func hasJob(_ domain: DomainReference) async throws(HypervisorError) -> Bool {
        do throws(HypervisorError) {
            return try await jobStats(domain).isActive
        } catch {
            if error.message.contains("source host") { return true }
            guard [.noSupport, .operationUnsupported].contains(error.code) else { throw error }
            return false
        }
    }
}
