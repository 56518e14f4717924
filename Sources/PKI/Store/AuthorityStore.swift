import Glibc
import Synchronization

/// The files of an authority, and what was read of its ledger so far.
final class AuthorityStore: Sendable {
    private struct Reading {
        var book = LedgerBook()
        var end = 0
        var file: (device: UInt, inode: UInt) = (0, 0)
    }

    let directory: String
    private let ledgerFile: LedgerFile
    private let reading = Mutex(Reading())
    /// Lets threads of this process queue up here instead of polling for the file lock.
    private let turn = Mutex(())

    init(_ directory: String) {
        self.directory = directory
        ledgerFile = LedgerFile(path: directory + "/ledger.jsonl")
    }

    static func isPresent(in directory: String) -> Bool {
        let traces = ["ledger.jsonl"] + Plane.allCases.flatMap { ["\($0)/ca.pem", "\($0)/ca.key"] }
        return traces.contains { SecureFile.exists("\(directory)/\($0)") }
    }

    func path(_ plane: Plane, _ name: String) -> String { "\(directory)/\(plane.rawValue)/\(name)" }

    /// The ledger as it is now; what other processes appended is read too.
    func book() throws(PKIError) -> LedgerBook {
        try refreshed().book
    }

    /// Runs `body` while no other thread or process changes the authority. Blocks the calling thread.
    func exclusively<R: Sendable>(_ body: () throws(PKIError) -> R) throws(PKIError) -> R {
        let result: Result<R, PKIError> = turn.withLock { _ in
            Result { () throws(PKIError) in
                try StoreLock(directory + "/lock").hold { () throws(PKIError) in
                    _ = try repairLedger()
                    return try body()
                }
            }
        }
        return try result.get()
    }

    /// Adds to the ledger; only under the lock.
    func append(_ lines: [LedgerLine]) throws(PKIError) {
        var bytes: [UInt8] = []
        for line in lines { bytes += try line.encoded() }
        try ledgerFile.append(bytes)
    }

    /// Puts a torn end of the ledger right; only under the lock.
    ///
    /// - Returns: warnings about what was done.
    func repairLedger() throws(PKIError) -> [String] {
        let found = try refreshed()
        guard !found.torn.isEmpty else { return [] }
        return [try ledgerFile.repair(LedgerFile.Tail(lines: [], end: found.end, torn: found.torn))]
    }

    /// Removes what a killed process was writing; only under the lock.
    func sweep() throws(PKIError) {
        for directory in [directory] + Plane.allCases.map({ "\(self.directory)/\($0.rawValue)" }) {
            for name in try SecureFile.names(in: directory) where name.hasPrefix(SecureFile.temporaryPrefix) {
                unlink("\(directory)/\(name)")
            }
        }
    }

    private func refreshed() throws(PKIError) -> (book: LedgerBook, end: Int, torn: [UInt8]) {
        let result = reading.withLock { reading in
            Result { () throws(PKIError) in
                var info = stat()
                guard lstat(ledgerFile.path, &info) == 0 else {
                    throw PKIError(
                        .missing, "there is no ledger in '\(directory)'",
                        hint: "create the authority, or restore ledger.jsonl from a backup", path: ledgerFile.path)
                }
                let file = (device: UInt(info.st_dev), inode: UInt(info.st_ino))
                // Another file, or a shorter one, was put in its place.
                if file != reading.file || info.st_size < reading.end {
                    reading = Reading()
                    reading.file = file
                }
                guard info.st_size > reading.end else { return (reading.book, reading.end, [UInt8]()) }
                let tail = try ledgerFile.read(from: reading.end, line: reading.book.lines.count + 1)
                for line in tail.lines { reading.book.add(line) }
                reading.end = tail.end
                return (reading.book, reading.end, tail.torn)
            }
        }
        return try result.get()
    }
}
