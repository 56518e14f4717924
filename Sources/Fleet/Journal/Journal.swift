package import Values

/// The operations of a fleet, one file of JSON lines each. A step is on the disk before it is taken. Of those that are
/// closed the last thousand are kept.
package struct Journal: Sendable {
    private let folder: JournalFolder

    package init(_ fleet: FleetDirectory) { folder = JournalFolder(directory: fleet.journal) }

    /// Starts an operation.
    /// - Parameters:
    ///   - kind: what it does: `migrate`, `create`, `rotate`.
    ///   - fields: what recovery needs to know: VM, hosts, disks.
    /// - Throws: ``FileError``; then nothing may be done.
    package func begin(_ kind: String, _ fields: Mapping) throws(FileError) -> OperationLog {
        try DiskPath.makeDirectory(folder.directory, mode: 0o700)
        let log = OperationLog(id: Self.newIdentifier(), kind: kind, folder: folder)
        try log.record("begin", fields)
        return log
    }

    /// Every operation that the journal knows, oldest first. A torn last line is left out.
    package func operations() -> [OperationRecord] { folder.all.compactMap(folder.read) }

    /// The operations that are not closed, oldest first: what takes as long as there are such, not as the journal is long.
    package func unfinished() -> [OperationRecord] {
        let records = folder.open.compactMap(folder.read)
        // Left by a process that ended between the last step and the move, or by an earlier version.
        folder.close(records.filter(\.isClosed).map(\.id))
        return records.filter { !$0.isClosed }
    }

    /// The operations that were closed within the last seconds.
    func closed(within seconds: Int) -> [OperationRecord] {
        folder.closed(since: (Clock.now - seconds) * 1_000_000_000).compactMap(folder.read)
    }

    package func operation(_ id: String) -> OperationRecord? { folder.read(id) }

    /// The latest operation that something is true of.
    package func latest(where isMeant: (OperationRecord) -> Bool) -> OperationRecord? {
        folder.all.lazy.reversed().compactMap(folder.read).first(where: isMeant)
    }

    /// The nearest identifier to one that is not there.
    func hint(for id: String) -> String? { NearestName.hint(for: id, among: folder.all) }

    /// Takes over an operation that another controller began.
    /// - Parameter lines: what that one has written of it.
    func adopt(_ id: String, _ lines: [String]) throws(FileError) -> OperationRecord? {
        try DiskPath.makeDirectory(folder.directory, mode: 0o700)
        if folder.read(id) == nil {
            try DiskFile.write(Array((lines.joined(separator: "\n") + "\n").utf8), to: folder.path(of: id), mode: 0o600)
        }
        return folder.read(id)
    }

    /// The log of an operation that is to go on.
    package func resume(_ record: OperationRecord) -> OperationLog {
        OperationLog(id: record.id, kind: record.kind, folder: folder)
    }

    /// Sorts by time; unique among controllers.
    private static func newIdentifier() -> String {
        let now = Clock.milliseconds
        let stamp = Clock.iso(now / 1000).filter { $0.isNumber || $0 == "T" } + String(now % 1000 + 1000).dropFirst()
        let tail = String(UInt32.random(in: 0 ... .max), radix: 36)
        return stamp.lowercased() + "-" + tail
    }
}
