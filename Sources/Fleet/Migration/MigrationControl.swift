internal import Synchronization

/// What a user decides about a migration that he watches.
package final class MigrationControl: Sendable {
    private let cancelled = Mutex(false)

    package init() {}

    /// Calls it off, as long as it has not switched over.
    package func cancel() { cancelled.withLock { $0 = true } }

    var isCancelled: Bool { cancelled.withLock { $0 } }
}
