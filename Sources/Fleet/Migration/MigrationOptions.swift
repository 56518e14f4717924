package import Values

/// What a user may say about a migration.
package struct MigrationOptions: Sendable {
    /// Memory and disks without encryption; must be asked for.
    package var plain = false
    /// MiB a second for the memory, and again for each disk; nil for as fast as it goes.
    package var bandwidthMiB: UInt64?
    /// The longest time that the guest may stand still, in milliseconds.
    package var maxDowntime: UInt64 = 500
    /// How long the source's copies of moved disks are kept, in seconds.
    package var keepSource = 3600

    package init() {}
}

/// What is on the way to be told while a migration goes on.
package enum MigrationProgress: Sendable {
    case step(String)
    /// What pre-flight found that does not stand against it.
    case warning(Diagnostic)
    /// Bytes moved and to move in all, bytes a second, bytes dirtied a second.
    case copying(moved: UInt64, total: UInt64, rate: UInt64?, dirtied: UInt64?)
}
