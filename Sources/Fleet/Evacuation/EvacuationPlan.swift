package import Values

/// Which VMs of a lost host are started where, and which are lost until it comes back.
package struct EvacuationPlan: Sendable {
    package struct Start: Sendable {
        package let vm: String
        package let uuid: String
        package let to: String
        let machine: LostMachine
        /// Drives whose files the new host has not; they are empty there.
        package let emptied: [String]

        package var value: Value {
            [
                "vm": Value(vm), "uuid": Value(uuid), "to": Value(to), "emptied": Value(emptied.map { Value($0) }),
            ]
        }
    }

    package struct Loss: Sendable {
        package let vm: String
        package let reason: Diagnostic

        package var value: Value {
            [
                "vm": Value(vm), "reason": Value(reason.summary),
                "detail": reason.detail.map { Value($0) } ?? .null,
            ]
        }
    }

    package let host: String
    package var starts: [Start] = []
    package var losses: [Loss] = []

    /// Stable API: programs read these keys.
    package var value: Value {
        ["host": Value(host), "starts": Value(starts.map(\.value)), "lost": Value(losses.map(\.value))]
    }
}

/// What came of it.
package struct EvacuationReport: Sendable {
    package let operation: String
    package let plan: EvacuationPlan
    package internal(set) var started: [String] = []
    package internal(set) var problems: [Diagnostic] = []

    /// Stable API: programs read these keys.
    package var value: Value {
        [
            "operation": Value(operation), "host": Value(plan.host), "started": Value(started.map { Value($0) }),
            "lost": Value(plan.losses.map(\.value)), "problems": Value(problems.map { Value($0.summary) }),
        ]
    }
}
