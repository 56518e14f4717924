internal import Glibc

/// Where the records of operations lie: those that are not closed in one directory, where all of them are looked through
/// before anything is begun, and closed ones in `closed` in it, of which the last are kept.
struct JournalFolder: Sendable {
    /// Closed records that are kept.
    static let kept = 1000
    /// How many more there may be before they are tidied up.
    static let slack = 100

    let directory: String
    private var closed: String { DiskPath.join(directory, "closed") }

    /// The records, by name, in a directory.
    private static func identifiers(in directory: String) -> [String] {
        DiskPath.list(directory).filter { $0.hasSuffix(suffix) }.map { String($0.dropLast(suffix.utf8.count)) }
    }

    private static let suffix = ".jsonl"

    /// Oldest first. A closed one whose move was cut off is among them.
    var open: [String] { Self.identifiers(in: directory) }

    /// All, oldest first.
    var all: [String] { Set(open + Self.identifiers(in: closed)).sorted() }

    /// The closed ones whose last step came after a time, in nanoseconds since 1970.
    func closed(since time: Int) -> [String] {
        Self.identifiers(in: closed).filter { id in
            DiskPath.modified(DiskPath.join(closed, id + Self.suffix)).map { $0 >= time } ?? false
        }
    }

    /// Where a record is while it is not closed.
    func path(of id: String) -> String { DiskPath.join(directory, id + Self.suffix) }

    /// Where a record may be, in the order in which to look.
    func places(of id: String) -> [String] { [path(of: id), DiskPath.join(closed, id + Self.suffix)] }

    func read(_ id: String) -> OperationRecord? {
        // What an identifier is comes from users: it names a file of this directory or none.
        guard !id.contains("/"), !id.hasPrefix(".") else { return nil }
        for path in places(of: id) {
            if let record = OperationRecord(id: id, path: path) { return record }
        }
        return nil
    }

    /// Puts records away whose last steps are on the disk. One that stays, because of the disk or because somebody else
    /// has moved it, does no harm: whoever meets it next moves it.
    func close(_ ids: [String]) {
        guard !ids.isEmpty, (try? DiskPath.makeDirectory(closed, mode: 0o700)) != nil else { return }
        for id in ids { rename(path(of: id), DiskPath.join(closed, id + Self.suffix)) }
        tidy()
    }

    /// Brings a record back that is gone on with.
    func reopen(_ id: String) {
        let away = DiskPath.join(closed, id + Self.suffix)
        if DiskPath.exists(away) { rename(away, path(of: id)) }
    }

    /// Removes the closed records that ended first, when there are too many.
    private func tidy() {
        let found = Self.identifiers(in: closed)
        guard found.count > Self.kept + Self.slack else { return }
        let paths = found.map { DiskPath.join(closed, $0 + Self.suffix) }
        let aged = paths.map { (path: $0, ended: DiskPath.modified($0) ?? 0) }.sorted { $0.ended < $1.ended }
        for (path, _) in aged.dropLast(Self.kept) { DiskPath.remove(path) }
    }
}
