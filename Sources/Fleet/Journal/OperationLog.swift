internal import Glibc
package import Values

/// The open end of one operation's journal.
package struct OperationLog: Sendable {
    package let id: String
    package let kind: String
    let folder: JournalFolder
    /// What keeps it on hosts too.
    var mirror: JournalMirror?

    /// Writes a step and waits for the disk.
    package func record(_ step: String, _ fields: Mapping = Mapping()) throws(FileError) {
        var line = Mapping([("step", Value(step)), ("kind", Value(kind)), ("at", Value(Clock.iso(Clock.now)))])
        for (key, value) in fields { line[key] = value }
        // Begun on a line of its own: a line that was torn must not swallow this one.
        let words = JSON.write(Value(line), pretty: false)
        let text = Array(("\n" + words + "\n").utf8)
        let isClosing = OperationRecord.closingSteps.contains(step)
        if !isClosing { folder.reopen(id) }
        try append(text)
        if isClosing { mirror?.forget(id) } else { mirror?.add(words, of: id) }
        // Only now that the last step is on the disk: wherever this ends before, the record is found where it was.
        if isClosing { folder.close([id]) }
    }

    private func append(_ text: [UInt8]) throws(FileError) {
        for path in folder.places(of: id) {
            do throws(FileError) {
                return try DiskFile.append(text, to: path, mayMake: false)
            } catch  where error.number == ENOENT {}
        }
        try DiskFile.append(text, to: folder.path(of: id))
    }
}
