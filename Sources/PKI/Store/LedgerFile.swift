import Glibc

/// `ledger.jsonl`: appended to under the lock, read by anybody at any time.
struct LedgerFile: Sendable {
    /// What a look at the file found after a given place.
    struct Tail {
        var lines: [LedgerLine]
        /// The place after the last complete line.
        var end: Int
        /// Bytes after the last newline: a line that is being written now, or that was never finished.
        var torn: [UInt8]
    }

    let path: String

    /// Reads the complete lines from `offset`, which must be a line's beginning; `line` is its number for messages.
    ///
    /// - Throws: `damaged` for a complete line that is no JSON of ours, because revocations may be lost with it.
    func read(from offset: Int, line number: Int) throws(PKIError) -> Tail {
        let bytes = try SecureFile.read(path, from: offset)
        let newline = UInt8(ascii: "\n")
        return try bytes.withBytes { (all) throws(PKIError) in
            var tail = Tail(lines: [], end: offset, torn: [])
            var start = all.startIndex
            while let end = all[start...].firstIndex(of: newline) {
                let line = LedgerLine(UnsafeRawBufferPointer(rebasing: all[start..<end]))
                guard let line, line.action != .issue || LedgerEntry(line) != nil else {
                    throw PKIError(
                        .damaged, "line \(number + tail.lines.count) of '\(path)' is not a ledger entry",
                        hint: "restore the file from a backup; a revocation may be missing otherwise", path: path)
                }
                tail.lines.append(line)
                start = end + 1
                tail.end = offset + start
            }
            tail.torn = Array(all[start...])
            return tail
        }
    }

    /// Appends complete lines and waits until the disk has them; nothing of them stays if that fails.
    func append(_ bytes: [UInt8]) throws(PKIError) {
        let file = try OpenFile(path, O_WRONLY | O_APPEND)
        let before = try file.info().st_size
        let memory = SecretMemory(copying: bytes)
        do throws(PKIError) {
            try memory.withBytes { (bytes) throws(PKIError) in try file.write(bytes) }
            try file.sync()
        } catch {
            try? file.truncate(to: before)
            throw error
        }
    }

    /// Puts a torn end right, under the lock: a line that lacks only its newline gets it, a fragment is moved to
    /// `ledger.torn`. No caller ever got what a fragment tells of, because the line is on disk before that.
    ///
    /// - Returns: what was done, for a warning.
    func repair(_ tail: Tail) throws(PKIError) -> String {
        if tail.torn.withUnsafeBytes({ LedgerLine($0) }) != nil {
            try append([UInt8(ascii: "\n")])
            return "the last line of '\(path)' lacked its end; it was completed"
        }
        let aside = String(path.dropLast("jsonl".count)) + "torn"
        let old = SecureFile.exists(aside) ? try SecureFile.text(aside) : ""
        try SecureFile.replace(aside, with: Array(old.utf8) + tail.torn + [UInt8(ascii: "\n")])
        let file = try OpenFile(path, O_WRONLY)
        try file.truncate(to: tail.end)
        return "the last line of '\(path)' was cut off by an interrupted write; its \(tail.torn.count) bytes "
            + "were moved to '\(aside)'"
    }
}
