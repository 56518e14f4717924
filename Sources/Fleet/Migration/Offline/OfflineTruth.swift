/// What one of the two hosts has of a VM that moves while it is off.
enum OfflineSide: String, Sendable, Hashable, CaseIterable {
    /// Defined, and free to start.
    case off
    /// Defined, and kept from starting by the operation's barrier.
    case barred
    /// It runs, or is paused.
    case active
    case absent
    /// The host does not answer: nothing is known.
    case unreachable
}

/// What to do about it.
enum OfflineAction: String, Sendable, Hashable, CaseIterable {
    /// Nothing has moved: the source is freed, and what was copied is removed.
    case undo
    /// The destination has all of it: the source's definition goes, and then its files.
    case complete
    /// The source has let go: what is left is to tidy up.
    case finish
    /// A host must answer first; nothing is at stake meanwhile.
    case wait
    /// Two copies run: pause both, raise the alarm, never pick one.
    case pauseBoth
    /// A pair that no migration leaves: touch nothing, show both sides.
    case ask
}

/// The decision table. At no time may the VM start on both: the destination's definition is made only while the source's is
/// barred, and the source's barrier is taken away only while the destination has none.
enum OfflineTruth {
    static func action(source: OfflineSide, destination: OfflineSide) -> OfflineAction {
        switch (source, destination) {
        case (.unreachable, _), (_, .unreachable): .wait
        case (.active, .active): .pauseBoth
        case (.off, .absent), (.barred, .absent), (.active, .absent): .undo
        case (.barred, .off), (.barred, .active): .complete
        case (.absent, .off), (.absent, .active): .finish
        case (.absent, .absent), (_, .barred), (.off, .off), (.off, .active), (.active, .off): .ask
        }
    }
}
