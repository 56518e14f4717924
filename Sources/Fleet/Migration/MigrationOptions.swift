internal import Values

/// What a user may say about a migration.
package struct MigrationOptions: Sendable, Equatable {
    /// What is done about a guest that changes its memory faster than it can be copied, or when the deadline is over.
    package enum IfStuck: String, Sendable, CaseIterable {
        /// The migration is called off: the guest runs on where it is.
        case cancel
        /// The guest stands still until the rest is copied, and then runs at the destination.
        case pause
        /// The guest runs at the destination and fetches what is missing: if the link breaks then, it may be lost.
        case postcopy
    }

    /// Memory and disks without encryption; must be asked for.
    package var plain = false
    /// Bytes a second for memory and disks together; nil for as fast as it goes.
    package var bandwidth: Int?
    /// The longest time that the guest may stand still, in milliseconds.
    package var maxDowntime = 500
    /// Seconds from the beginning of the copy until `ifStuck`; nil for as long as it takes.
    package var deadline: Int?
    package var ifStuck = IfStuck.cancel
    package var compress = false
    /// The network for memory and disks, as ``DataNetwork`` reads it; nil for the inventory's address.
    package var via: String?
    /// Have libvirt run the guest at the destination without looking whether the source's copy is gone.
    package var fastSwitchover = false
    /// Connections for the memory; nil for what both ends can do.
    package var parallelConnections: Int?
    /// How long the source's copies of moved disks are kept, in seconds.
    package var keepSource = 3600

    package init() {}

    /// Whether the guest waits at the destination until the source's copy is seen to be gone.
    var arrivesPaused: Bool { !fastSwitchover && ifStuck != .postcopy }
}

extension MigrationOptions {
    /// What whoever takes the migration over must know of them.
    var journal: Mapping {
        var fields = Mapping([
            ("plain", Value(plain)), ("max_downtime", Value(maxDowntime)), ("if_stuck", Value(ifStuck.rawValue)),
            ("fast_switchover", Value(fastSwitchover)), ("keep_seconds", Value(keepSource)),
        ])
        if let bandwidth { fields["bandwidth"] = Value(bandwidth) }
        if let deadline { fields["deadline"] = Value(deadline) }
        if let via { fields["via"] = Value(via) }
        return fields
    }

    /// As an operation was begun with.
    init(_ record: OperationRecord) {
        plain = record["plain"]?.bool ?? plain
        bandwidth = record["bandwidth"]?.int
        maxDowntime = record["max_downtime"]?.int ?? maxDowntime
        deadline = record["deadline"]?.int
        ifStuck = record["if_stuck"]?.string.flatMap(IfStuck.init) ?? ifStuck
        via = record["via"]?.string
        fastSwitchover = record["fast_switchover"]?.bool ?? fastSwitchover
        keepSource = record["keep_seconds"]?.int ?? keepSource
    }
}
