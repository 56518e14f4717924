/// A way in which one state depends on another. The raw values are Salt's keywords.
package enum RequisiteKind: String, Sendable, Hashable, CaseIterable, Comparable {
    // In Salt's order of precedence.
    case onfail
    case onfailAny = "onfail_any"
    case onfailAll = "onfail_all"
    case require
    case requireAny = "require_any"
    case onchanges
    case onchangesAny = "onchanges_any"
    case watch
    case watchAny = "watch_any"
    /// Runs before its target, and only if a check of the target predicts changes.
    case prereq
    /// The other side of `prereq`, never written: runs after the state that names it in `prereq`.
    case prerequired
    /// Restarts once at the end of the run; does not bear on the order.
    case listen

    /// Salt's weight: the order among a state's dependents counts only those of the weightiest kind.
    var weight: Int {
        // Salt draws the edge back from a prereq's target as a `require`.
        let kind: RequisiteKind = self == .prerequired ? .require : self
        return Self.allCases.firstIndex(of: kind) ?? 0
    }

    /// The word between two states in a sentence.
    var verb: String {
        switch self {
        case .require, .requireAny: "requires"
        case .watch, .watchAny: "watches"
        case .onchanges, .onchangesAny: "runs on changes of"
        case .onfail, .onfailAny, .onfailAll: "runs on failure of"
        case .prereq: "is a prereq of"
        case .prerequired: "runs after"
        case .listen: "listens to"
        }
    }

    package static func < (left: RequisiteKind, right: RequisiteKind) -> Bool { left.weight < right.weight }

    /// The kinds that bear on the order, in the order in which their edges are drawn.
    static let ordering: [RequisiteKind] = [
        .require, .requireAny, .watch, .watchAny, .prereq, .onfail, .onfailAny, .onfailAll, .onchanges, .onchangesAny,
    ]
    /// The kinds that can be written.
    static let written: [RequisiteKind] = ordering + [.listen]
    /// The kinds that have a reverse form, under its keyword.
    static let reversed: [String: RequisiteKind] = [
        "require_in": .require, "watch_in": .watch, "onchanges_in": .onchanges, "onfail_in": .onfail,
        "prereq_in": .prereq, "listen_in": .listen,
    ]
}
