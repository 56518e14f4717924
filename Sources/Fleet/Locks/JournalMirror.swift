internal import Inventory
internal import Synchronization
internal import Values

/// Keeps what the journal says of an operation on the hosts that it is about too, so that a controller without that
/// journal can settle it. Before anything is done on a host, what was said before is there; a host that cannot take it is
/// no obstacle, for the journal itself has it.
actor JournalMirror {
    private struct Note: Sendable {
        let operation: String
        /// Nil to have all of it forgotten.
        let line: String?
    }

    private let pending = Mutex<[Note]>([])
    private var hold: HostHold?
    private var subject = ""
    private var last: Task<Bool, Never>?

    /// - Parameters:
    ///   - hold: the locks that are held for the operation.
    ///   - hosts: those that it is about.
    func begin(_ hold: HostHold, on hosts: [String], subject: String) {
        self.hold = HostHold(meaning: hold.meaning, hold.parts.filter { hosts.contains($0.host.name) })
        self.subject = subject
    }

    nonisolated func add(_ line: String, of operation: String) {
        pending.withLock { $0.append(Note(operation: operation, line: line)) }
    }

    nonisolated func forget(_ operation: String) {
        pending.withLock { $0.append(Note(operation: operation, line: nil)) }
    }

    /// Waits until all that was said is on the hosts, in order.
    /// - Returns: whether every host has all of it.
    @discardableResult
    func flush() async -> Bool {
        let notes = pending.withLock { pending in
            defer { pending = [] }
            return pending
        }
        guard !notes.isEmpty, let hold else { return await last?.value ?? true }
        let before = last
        let subject = subject
        // Seen through though the task is cancelled.
        let work = Task {
            let wasWhole = await before?.value ?? true
            let answers = await fanOut(hold.parts, limit: max(1, hold.parts.count)) { part in
                var isWhole = true
                for note in notes {
                    isWhole = await part.post.note(note.line, of: note.operation, on: subject) && isWhole
                }
                return isWhole
            }
            return wasWhole && answers.count == 2 && answers.allSatisfy { $0 }
        }
        last = work
        return await work.value
    }
}
