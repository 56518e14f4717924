/// What to do about a migration, from what the two hosts have of the domain.
///
/// Nothing here looks at return codes: a lost reply and a failure look the same. The pair must be stable: observe both
/// hosts, and again, before acting on it, since the two are not asked at the same moment.
public enum RecoveryAction: String, Sendable, Hashable, CaseIterable {
    /// Not migrated: delete what this operation left on the destination.
    case deleteLeftovers
    /// Still going: watch its progress.
    case reattach
    /// The source's confirmation was lost, and the destination has nothing: resume the source.
    case resumeSource
    /// The guest is whole at the destination: destroy and undefine the source's stopped copy, and observe again.
    case destroySource
    /// The source is gone: resume the destination, and finish.
    case resumeDestination
    /// The source runs on: destroy and undefine the destination's copy, which never ran, and delete its files.
    case discardDestination
    /// Migrated: verify, then remove the source's disks.
    case finish
    /// Memory is on both sides: repeat the migration as a post-copy recovery; destroy neither.
    case resumePostcopy
    /// Two copies may run: pause both, raise the alarm, never pick one.
    case pauseBoth
    /// Neither host has it: define it from the journal on the host whose disks are complete.
    case redefineFromJournal
    /// A host must answer before anything can be decided; nothing is at stake meanwhile.
    case waitForHost
    /// The guest stands still, and the host that may run it does not answer: ask for fencing, or an explicit force.
    case askForFencing
    /// A pair that no migration leaves: touch nothing, show both sides.
    case askOperator
}

/// The decision table.
public enum MigrationTruth {
    /// The action for a stable pair of states.
    public static func action(source: SideState, destination: SideState) -> RecoveryAction {
        if source == .postcopyFailed || destination == .postcopyFailed {
            return broken(source, destination)
        }
        switch source {
        case .running: return sourceRuns(destination)
        case .runningJobActive: return destination == .running ? .pauseBoth : .reattach
        case .pausedJobActive: return .reattach
        case .pausedMigration: return sourceStopped(destination)
        case .pausedByUs, .pausedOther: return sourcePaused(destination)
        case .shutOffMigrated, .absent: return sourceGone(destination)
        case .shutOff: return sourceShutOff(destination)
        case .postcopy: return destination == .unreachable ? .askForFencing : .reattach
        case .pausedIncoming: return .askOperator
        case .unreachable: return sourceUnreachable(destination)
        case .postcopyFailed: return broken(source, destination)
        }
    }

    private static func sourceRuns(_ destination: SideState) -> RecoveryAction {
        switch destination {
        case .absent: .deleteLeftovers
        case .pausedByUs, .pausedIncoming: .discardDestination
        case .running, .runningJobActive, .postcopy: .pauseBoth
        case .unreachable: .waitForHost
        case .pausedJobActive, .pausedMigration, .pausedOther, .shutOff, .shutOffMigrated, .postcopyFailed: .askOperator
        }
    }

    /// Stopped by the migration, and its job is over.
    private static func sourceStopped(_ destination: SideState) -> RecoveryAction {
        switch destination {
        case .absent: .resumeSource
        case .running: .destroySource
        // The destination waits for a source that sends no more; its libvirt ends it when the connection does.
        case .pausedIncoming: .reattach
        // Complete over there, and nothing was written here since: with this copy gone the other may be resumed.
        case .pausedByUs: .destroySource
        case .unreachable: .askForFencing
        case .postcopy: .reattach
        case .runningJobActive, .pausedJobActive, .pausedMigration, .pausedOther, .shutOff, .shutOffMigrated,
            .postcopyFailed:
            .askOperator
        }
    }

    /// Stopped by its user or by an error, as it may have been before.
    private static func sourcePaused(_ destination: SideState) -> RecoveryAction {
        switch destination {
        case .absent: .deleteLeftovers
        case .pausedByUs, .pausedIncoming: .discardDestination
        case .unreachable: .waitForHost
        default: .askOperator
        }
    }

    private static func sourceGone(_ destination: SideState) -> RecoveryAction {
        switch destination {
        case .pausedByUs: .resumeDestination
        case .running, .runningJobActive, .shutOff, .shutOffMigrated: .finish
        case .absent: .redefineFromJournal
        case .unreachable: .waitForHost
        case .pausedIncoming, .pausedJobActive, .pausedMigration, .pausedOther, .postcopy, .postcopyFailed: .askOperator
        }
    }

    /// Ended by itself or by its user, not by the migration.
    private static func sourceShutOff(_ destination: SideState) -> RecoveryAction {
        switch destination {
        case .absent: .deleteLeftovers
        case .running, .runningJobActive: .finish
        case .unreachable: .waitForHost
        default: .askOperator
        }
    }

    /// The source may run the guest: a stopped copy elsewhere must stay stopped.
    private static func sourceUnreachable(_ destination: SideState) -> RecoveryAction {
        switch destination {
        case .pausedByUs, .pausedIncoming, .pausedMigration, .pausedOther, .pausedJobActive, .postcopy: .askForFencing
        case .running, .runningJobActive, .absent, .shutOff, .shutOffMigrated, .unreachable, .postcopyFailed:
            .waitForHost
        }
    }

    private static func broken(_ source: SideState, _ destination: SideState) -> RecoveryAction {
        switch (source, destination) {
        case (.postcopyFailed, .postcopyFailed), (.postcopyFailed, .postcopy), (.postcopy, .postcopyFailed):
            .resumePostcopy
        case (.postcopyFailed, .unreachable), (.unreachable, .postcopyFailed): .waitForHost
        default: .askOperator
        }
    }
}
