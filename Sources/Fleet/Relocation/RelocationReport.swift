package import Values

/// What came of moving many VMs.
package struct RelocationReport: Sendable {
    package let operation: String
    /// The hosts that it was about.
    package let hosts: [String]
    package var outcomes: [MoveOutcome] = []
    /// VMs that are where they should not be, and why.
    package var left: [Relocation.Stay] = []
    /// VMs that were shut down because they could not move as they were.
    package var stopped: [String] = []
    package var isInterrupted = false

    init(operation: String, hosts: [String]) {
        self.operation = operation
        self.hosts = hosts
    }

    package var moved: Int { outcomes.count { $0.isMoved } }
    package var isUnknown: Bool { outcomes.contains { $0.result == "unknown" } }
    package var isDetached: Bool { outcomes.contains { $0.result == "detached" } }
    /// Whether nothing of it is under way or unknown.
    var isSettled: Bool { !isInterrupted && !isUnknown && !isDetached }

    /// Stable API: programs read these keys.
    package var value: Value {
        [
            "operation": Value(operation), "hosts": Value(hosts.map { Value($0) }),
            "moves": Value(outcomes.map(\.value)), "left": Value(left.map(\.value)),
            "stopped": Value(stopped.map { Value($0) }), "interrupted": Value(isInterrupted),
        ]
    }
}

/// What is told while VMs are moved.
package enum RelocationEvent: Sendable {
    case step(String)
    case plan(Relocation)
    case ended(MoveOutcome)
}
