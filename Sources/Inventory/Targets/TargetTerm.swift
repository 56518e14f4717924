/// A parsed target expression.
indirect enum TargetTerm: Sendable, Hashable {
    /// A host or group by its name, or hosts by globs and ranges; the offset is where it stands, for messages.
    case name(String, offset: Int)
    case regex(String)
    case role(String)
    case fact(path: String, pattern: String)
    case variable(path: String, pattern: String)
    case machine(String)
    /// `@failed`, `@unreachable`.
    case lastRun(LastRun, offset: Int)
    case not(TargetTerm)
    case and(TargetTerm, TargetTerm)
    case or(TargetTerm, TargetTerm)

    enum LastRun: String, Sendable, CaseIterable { case failed, unreachable }

    /// This term and all inside it.
    var all: [TargetTerm] {
        switch self {
        case .not(let inner): [self] + inner.all
        case .and(let left, let right), .or(let left, let right): [self] + left.all + right.all
        default: [self]
        }
    }
}
