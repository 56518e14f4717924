internal import Fleet
internal import Inventory
internal import Values

/// A plan for VMs, and its carrying out, as people see them.
enum PlanView {
    /// What is to be done; with `isVerbose` also what is right already.
    static func text(_ plan: FleetPlan, isVerbose: Bool) -> String {
        let lines = plan.lines.filter { isVerbose || $0.action != .keep || !$0.differences.isEmpty }
        return lines.map { Printable.line($0.text) + "\n" }.joined() + plan.summary + "\n"
    }

    static func explained(_ plan: FleetPlan) -> String {
        plan.placings.isEmpty ? "" : PlacementView.table(plan.placings) + "\n"
    }

    /// With what was thought of each host, where somebody wants to know.
    static func value(_ plan: FleetPlan, explain: Bool) -> Value {
        guard explain, var map = plan.value.map else { return plan.value }
        map["placements"] = Value(plan.placings.map(\.value))
        return Value(map)
    }

    /// Tells of each VM when it is done.
    @Sendable static func show(_ event: PlanEvent) {
        switch event {
        case .progress(let words): Terminal.status(words)
        case .began(let line): Terminal.status(Printable.line(line.text))
        case .ended(let outcome):
            Terminal.clearStatus()
            let place = outcome.line.target ?? outcome.line.host ?? "?"
            let seconds = (outcome.seconds * 100).rounded() / 100
            Terminal.note("\(outcome.line.name): \(outcome.result) on \(place) in \(seconds) s")
        }
    }

    static func summary(_ outcomes: [PlanOutcome]) -> String {
        let order = [
            "created", "changed", "moved", "deleted", "unchanged", "failed", "unreachable", "unknown", "unlisted",
        ]
        let counts = order.compactMap { word in
            let count = outcomes.count { $0.result == word }
            return count > 0 || ["created", "changed", "moved", "deleted"].contains(word) ? "\(count) \(word)" : nil
        }
        return counts.joined(separator: ", ") + "\n"
    }

    static func value(_ outcomes: [PlanOutcome]) -> Value {
        ["machines": Value(outcomes.map(\.value))]
    }
}
