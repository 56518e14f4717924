internal import Inventory
package import Values

/// What is to be done for the fleet to have the VMs of its files.
package struct FleetPlan: Sendable {
    package var lines: [PlanLine]
    /// How hosts were judged for the VMs that are made or moved.
    package let placings: [MachinePlacing]
    /// What is only to be said.
    package let warnings: [Diagnostic]
    /// Hypervisors that did not answer.
    package let problems: [HostProblem]
    let wishes: [String: MachineWish]
    let survey: FleetSurvey
    /// Hosts that do not answer and yet are known, or were said, to have none of the VMs that are made.
    var assumedAbsent: Set<String> = []

    package var isChanging: Bool { lines.contains { $0.action.isChanging } }
    /// Whether something differs that only VMs that are made anew can have.
    package var isDiffering: Bool { lines.contains { !$0.differences.isEmpty } }
    package func lines(_ action: PlanLine.Action) -> [PlanLine] { lines.filter { $0.action == action } }

    /// The last line for people.
    package var summary: String {
        let words: [(PlanLine.Action, String)] = [
            (.create, "to create"), (.change, "to change"), (.move, "to move"), (.delete, "to delete"),
        ]
        let rare: [(PlanLine.Action, String)] = [
            (.unknown, "unknown"), (.refused, "that cannot be"), (.foreign, "not Drover's"), (.unlisted, "in no file"),
        ]
        let kept = lines(.keep)
        let usual = words.map { "\(lines($0.0).count) \($0.1)" }.joined(separator: ", ")
        let counts =
            rare.map { (lines($0.0).count, $0.1) } + [
                (kept.count { !$0.differences.isEmpty }, "that differ and would have to be made anew"),
                (kept.count { $0.differences.isEmpty }, "as they should be"),
            ]
        let others = counts.filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
        return "Plan: " + usual + (others.isEmpty ? "" : "; " + others.joined(separator: ", "))
    }

    /// Stable API: programs read these keys.
    package var value: Value {
        let counts = PlanLine.Action.allCases.map { ($0.rawValue, Value(lines($0).count)) }
        return [
            "machines": Value(lines.map(\.value)), "counts": Value(Mapping(counts)),
            "unreachable": Value(problems.compactMap { $0.diagnostic.host.map { Value($0) } }),
        ]
    }
}
