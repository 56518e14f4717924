internal import Values

/// What the journal says of a migration.
struct MigrationRecord: Sendable {
    let record: OperationRecord
    let vm: String
    let uuid: String
    let from: String
    let to: String
    let storage: String
    let moved: [String]
    let autostart: Bool
    let staysPaused: Bool
    let options: MigrationOptions
    /// The destination's address for memory and disks; nil for its own.
    let data: String?

    /// - Throws: `Diagnostics` when it is torn: without all of it, it cannot be known what is to be tidied up.
    init(_ record: OperationRecord) throws(Diagnostics) {
        guard let uuid = record["uuid"]?.string, let from = record["from"]?.string, let to = record["to"]?.string,
            let moved = record["moved"]?.list?.compactMap(\.string)
        else { throw Diagnostics(.error("the journal of \(record.id) is incomplete")) }
        self.record = record
        self.uuid = uuid
        self.from = from
        self.to = to
        self.moved = moved
        vm = record["vm"]?.string ?? uuid
        storage = record["storage"]?.string ?? "shared"
        autostart = record["autostart"]?.bool ?? false
        staysPaused = record["state"]?.string == "paused"
        options = MigrationOptions(record)
        data = record["data"]?.string
    }

    /// The files at the destination that are its own.
    var made: [String] { MigrationStage.made(record) }
}
