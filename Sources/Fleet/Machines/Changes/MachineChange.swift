internal import Inventory
package import Values

/// One thing that a VM has more or less of than before, and since when.
package struct MachineChange: Sendable {
    /// `cpus`, `memory`, `disk data`, ...
    package let subject: String
    package let from: String
    package let to: String
    /// Whether the running guest has it; nil when it does not run.
    package let now: Bool?
    /// Whether it will have it at its next start.
    package let next: Bool
    /// Why not now, or what else is to be known.
    package let note: String?

    package init(
        _ subject: String, from: String, to: String, now: Bool?, next: Bool = true, note: String? = nil
    ) {
        self.subject = subject
        self.from = from
        self.to = to
        self.now = now
        self.next = next
        self.note = note
    }

    package var value: Value {
        Value(
            Mapping([
                ("what", Value(subject)), ("from", Value(from)), ("to", Value(to)),
                ("now", now.map { Value($0) } ?? .null), ("next_start", Value(next)),
                ("note", note.map { Value($0) } ?? .null),
            ]))
    }

    /// When it takes effect, for people.
    package var effect: String {
        switch (now, next) {
        case (true, true): "now and from now on"
        case (true, false): "now, not at the next start"
        case (false, true): "at the next start"
        case (nil, true): "at the next start"
        default: "not at all"
        }
    }

    /// An error with what had been changed before it.
    static func told(_ error: any Error, after changes: [MachineChange], on host: Host) -> any Error {
        guard !changes.isEmpty else { return error }
        var problem = HostProblem(error, host: host.name)
        let done = changes.map(\.subject).joined(separator: ", ")
        problem.diagnostic.hint = "changed before that: \(done)" + (problem.diagnostic.hint.map { "; \($0)" } ?? "")
        return problem
    }
}
