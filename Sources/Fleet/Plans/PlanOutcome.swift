package import Values

/// What became of one line of a plan.
package struct PlanOutcome: Sendable {
    package let line: PlanLine
    package let problem: HostProblem?
    /// Whether it is not known where the VM runs, or what is left of it: somebody has to look.
    package var isUnknown = false
    package let warnings: [Diagnostic]
    package let seconds: Double

    /// What is so now: stable API.
    package var result: String {
        if isUnknown { return "unknown" }
        if let problem { return problem.kind == .failed ? "failed" : "unreachable" }
        return switch line.action {
        case .create: "created"
        case .change: "changed"
        case .move: "moved"
        case .delete: "deleted"
        case .keep: "unchanged"
        case .unknown, .refused, .foreign, .unlisted: line.action.rawValue
        }
    }

    package var value: Value {
        var map = line.value.map ?? Mapping()
        map["result"] = Value(result)
        map["problem"] = (problem?.diagnostic.summary).map { Value($0) } ?? .null
        map["seconds"] = Value((seconds * 1000).rounded() / 1000)
        return Value(map)
    }
}

/// What is told while a plan is carried out.
package enum PlanEvent: Sendable {
    case began(PlanLine)
    case ended(PlanOutcome)
    /// A progress line.
    case progress(String)
}
