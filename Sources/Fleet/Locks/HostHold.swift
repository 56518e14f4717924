internal import Inventory
internal import Values

/// Locks on hosts that are held together, renewed meanwhile, and let go of together.
struct HostHold: Sendable {
    struct Part: Sendable {
        let host: Host
        let post: LockPost
        let lock: HostLock
        /// Operations on the subject that the host had records of as it was locked.
        var unsettled: Set<String> = []
    }

    let meaning: String
    private(set) var parts: [Part] = []
    /// When the last of them was taken (``Clock/monotonic``): what was seen before may have changed.
    private(set) var since: UInt64 = 0

    init(meaning: String, _ parts: [Part] = []) {
        self.meaning = meaning
        self.parts = parts
    }

    mutating func add(_ part: Part) {
        parts.append(part)
        since = Clock.monotonic
    }

    /// Whether one of them has this word.
    func has(_ nonce: String) -> Bool { parts.contains { $0.lock.nonce == nonce } }

    /// Has an operation on what is locked forgotten, which is settled.
    func forget(_ operation: String) async {
        for part in parts { _ = await part.post.note(nil, of: operation, on: part.lock.subject) }
    }

    /// To be asked before what cannot be taken back.
    /// - Throws: `Diagnostics` when a host could not be told for so long that somebody else may have the lock by now.
    func confirm() async throws(Diagnostics) {
        for part in parts where await !part.post.isHeld(part.lock) {
            throw Diagnostics(
                .error(
                    "the lock on \(meaning) was lost", detail: "it could not be renewed for too long",
                    hint: "see what has become of it, and try again", host: part.host.name))
        }
    }

    /// Lets go, also when the task was cancelled.
    func release() async {
        let parts = parts
        await Task {
            _ = await fanOut(parts, limit: max(1, parts.count)) { part in
                await part.post.drop(part.lock)
                await part.post.leave()
            }
        }.value
    }
}
