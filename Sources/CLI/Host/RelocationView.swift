internal import Fleet
internal import Values

/// Moves of many VMs as people see them.
struct RelocationView: Sendable {
    let isVerbose: Bool

    @Sendable func show(_ event: RelocationEvent) {
        switch event {
        case .step(let words): isVerbose ? Terminal.note(words) : Terminal.status(words)
        case .plan(let plan):
            Terminal.clearStatus()
            Terminal.note(Self.table(plan) + (plan.moves.isEmpty ? "" : "moving \(plan.moves.count) VMs"))
        case .ended(let outcome):
            Terminal.clearStatus()
            Terminal.note(Self.line(outcome))
        }
    }

    static func table(_ plan: Relocation) -> String {
        guard !plan.moves.isEmpty || !plan.stays.isEmpty else { return "no VM has to move\n" }
        var table = Table("VM", "FROM", "TO", "HOW", "MEMORY")
        for move in plan.moves {
            table.add([move.vm, move.from, move.to, move.isLive ? "live" : "offline", "\(move.memoryMiB) MiB"])
        }
        return (plan.moves.isEmpty ? "" : table.text) + plan.stays.map(Self.words).joined()
    }

    /// A VM that stays, with the reasons below it.
    static func words(_ stay: Relocation.Stay) -> String {
        let details = (stay.reason.detail ?? "").split(separator: "\n").map { "  \(Table.printable(String($0)))\n" }
        return Table.printable("\"\(stay.vm)\" stays on \(stay.host): \(stay.reason.summary)") + "\n"
            + details.joined()
    }

    private static func line(_ outcome: MoveOutcome) -> String {
        let move = outcome.move
        switch outcome.end {
        case .moved(let migration):
            let seconds = (migration.seconds * 10).rounded() / 10
            let downtime = migration.downtimeMilliseconds.map { ", downtime \($0) ms" } ?? ""
            return "\(move.vm): \(move.from) -> \(move.to), \(seconds) s\(downtime)"
        case .notMoved(let problem): return Table.printable("\(move.vm): not moved: \(problem.summary)")
        case .unknown(let problem): return Table.printable("\(move.vm): \(problem.summary)")
        case .detached: return "\(move.vm): goes on by itself"
        }
    }
}

extension RelocationReport {
    /// Leaves with what came of it: 5, 6 and 130 say that something is not over, 3 that VMs are not where they should be.
    func exit() throws {
        if isUnknown {
            throw CommandFailure(.unknownOutcome, outcomes.filter { $0.result == "unknown" }.compactMap(\.problem))
        }
        if isDetached { throw CommandFailure(.detached) }
        if isInterrupted {
            Terminal.note("interrupted: run it again, or `drover op recover \(operation)`, to go on")
            throw CommandFailure(.interrupted)
        }
        guard !left.isEmpty else { return }
        throw CommandFailure(
            .hostsFailed,
            left.map { stay in
                .error(
                    "\"\(stay.vm)\" is still here: \(stay.reason.summary)", detail: stay.reason.detail,
                    hint: stay.reason.hint, host: stay.host)
            })
    }
}
