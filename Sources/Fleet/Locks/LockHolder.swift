internal import Glibc
internal import Values

/// Who holds a lock on a host, as it says itself.
struct LockHolder: Sendable, Hashable {
    /// The lock's own word, by which it alone can be broken.
    let nonce: String
    let controller: String
    let process: Int32?
    /// What it is doing: `migrate`, `create`.
    let operation: String
    /// A person's account and machine.
    let who: String
    /// Seconds for which it has been held, by the host's clock.
    let age: Int

    /// - Parameter words: of the host's answer, behind "held" and the asker's own word; untrusted.
    init?(_ words: ArraySlice<Substring>) {
        let words = Array(words)
        guard words.count >= 3, let now = Int(words[1]) else { return nil }
        nonce = String(words[0])
        controller = words.count > 3 ? String(words[3]) : ""
        process = words.count > 4 ? Int32(words[4]) : nil
        let began = words.count > 5 ? Int(words[5]) : nil
        age = max(0, now - (began ?? now))
        operation = words.count > 6 ? Printable.line(String(words[6].prefix(32))) : "operation"
        who = words.count > 7 ? Printable.line(String(words[7].prefix(128))) : "somebody"
    }

    /// A process of this machine that is gone: nobody will let go of its lock.
    var isGone: Bool {
        guard controller == ControllerProcess.here.id, let process, process > 0 else { return false }
        return kill(process, 0) != 0 && errno == ESRCH
    }
}
