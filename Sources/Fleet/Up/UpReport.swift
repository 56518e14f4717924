internal import Inventory
package import Values

/// What became of each phase.
package struct UpReport: Sendable {
    package struct Phase: Sendable {
        package let name: String
        package let seconds: Double
        package var changed: Int
        package var failed: Int
        package var unreachable: Int
    }

    package var phases: [Phase] = []
    package var hosts: [HostReport] = []
    package var machines: [PlanOutcome] = []
    package var guests: [HostReport] = []
    /// Of hosts that were not reached, and of VMs that could not be.
    package var problems: [HostProblem] = []
    package var seconds = 0.0

    package init() {}

    package var changed: Int { phases.reduce(0) { $0 + $1.changed } }

    /// Stable API: programs read these keys.
    package var value: Value {
        let phases = phases.map { phase -> Value in
            [
                "phase": Value(phase.name), "seconds": Value(Self.rounded(phase.seconds)),
                "changed": Value(phase.changed), "failed": Value(phase.failed),
                "unreachable": Value(phase.unreachable),
            ]
        }
        return [
            "phases": Value(phases), "seconds": Value(Self.rounded(seconds)), "changed": Value(changed),
            "hosts": Value(Mapping(hosts.map { ($0.host.name, $0.value) })),
            "machines": Value(machines.map(\.value)),
            "guests": Value(Mapping(guests.map { ($0.host.name, $0.value) })),
            "problems": Value(problems.map { Value($0.diagnostic.rendered(colored: false)) }),
        ]
    }

    private static func rounded(_ seconds: Double) -> Double { (seconds * 1000).rounded() / 1000 }
}

/// What is told while a fleet comes up.
package enum UpEvent: Sendable {
    case phase(String)
    /// A host's roles are done.
    case host(HostReport)
    case run(RunEvent)
    case machine(PlanEvent)
    case progress(String)
}
