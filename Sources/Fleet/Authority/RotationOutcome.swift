package import Values

/// How a rotation ended, or where it stopped.
package struct RotationOutcome: Sendable {
    /// What became of one host.
    package struct HostEnd: Sendable {
        package enum State: String, Sendable {
            /// Its new certificates were seen to be served.
            case rotated
            /// It was not its turn any more.
            case waiting
            case unreachable
            case failed
        }

        package let host: String
        package var state: State
        /// Serial numbers of what it serves now, where it was rotated.
        package var apiSerial: String?
        package var dataSerial: String?
        package var problem: Diagnostic?

        init(_ host: String, _ state: State = .waiting) {
            self.host = host
            self.state = state
        }
    }

    package let operation: String
    package let scope: RotationScope
    package var hosts: [HostEnd]
    package var isFinished = false
    package var seconds = 0.0

    package var hasFailed: Bool { hosts.contains { $0.state == .failed } }

    /// Why it is not finished, with the way to go on.
    package var problems: [Diagnostic] {
        guard !isFinished else { return [] }
        var all = hosts.compactMap(\.problem)
        let kept = scope.replacesAuthorities ? "; both CAs are trusted until it is finished" : ""
        all.append(
            .error(
                "the rotation is not finished\(kept)", detail: "nothing that runs is disturbed by that",
                hint: "put right what is named above and go on with `drover pki rotate`"))
        return all
    }

    package var value: Value {
        let hosts = hosts.map { end in
            Value(
                Mapping([
                    ("host", Value(end.host)), ("result", Value(end.state.rawValue)),
                    ("api_serial", end.apiSerial.map { Value($0) } ?? .null),
                    ("migration_serial", end.dataSerial.map { Value($0) } ?? .null),
                    ("problem", end.problem.map { Value($0.summary) } ?? .null),
                ]))
        }
        return [
            "operation": Value(operation), "scope": Value(scope.rawValue), "finished": Value(isFinished),
            "seconds": Value(seconds), "hosts": Value(hosts),
        ]
    }
}
