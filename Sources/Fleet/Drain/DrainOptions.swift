package import Values

/// What a user may say about draining hosts.
package struct DrainOptions: Sendable {
    /// What becomes of VMs that cannot move as they are.
    package enum Inability: String, Sendable, CaseIterable {
        /// Their guests are asked to shut down, and they move while they are off; or they stay, and are off.
        case stop
        /// They go on where they are.
        case leave
        /// Nothing is begun.
        case fail
    }

    /// A target expression for the hosts that VMs may go to.
    package var to: String?
    package var ifCannotMove = Inability.leave
    /// VMs moved at once, in all.
    package var parallel = 64
    /// Seconds after which no further move is begun, and those under way are called off; nil for none.
    package var deadline: Int?
    /// How VMs are moved; its deadline is not looked at.
    package var migration = MigrationOptions()
    /// Why, for those who meet the mark.
    package var reason: String?
    /// Seconds that a guest is given to shut down.
    package var patience = 120

    package init() {}

    /// As the journal keeps it.
    var journal: Mapping {
        migration.journal.merged(with: own)
    }

    private var own: Mapping {
        Mapping([
            ("to", to.map { Value($0) } ?? .null), ("if_cannot_move", Value(ifCannotMove.rawValue)),
            ("parallel", Value(parallel)), ("deadline", deadline.map { Value($0) } ?? .null),
            ("reason", reason.map { Value($0) } ?? .null), ("patience", Value(patience)),
        ])
    }

    init(_ record: OperationRecord) {
        to = record["to"]?.string
        ifCannotMove = record["if_cannot_move"]?.string.flatMap(Inability.init) ?? .leave
        parallel = record["parallel"]?.int ?? parallel
        deadline = record["deadline"]?.int
        migration = MigrationOptions(record)
        migration.deadline = nil
        reason = record["reason"]?.string
        patience = record["patience"]?.int ?? patience
    }
}
