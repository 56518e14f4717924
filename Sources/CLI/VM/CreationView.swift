internal import Fleet
internal import Inventory
internal import Values

/// What became of VMs that were to be made.
enum CreationView {
    struct Outcome: Sendable {
        let name: String
        let result: Result<MachineCreation.Created, any Error>
        /// What the guest answered, where it was waited for.
        var answer: GuestWaiting.Answer?
        /// Why the guest did not answer.
        var problem: (any Error)?
    }

    /// - Throws: ``CommandFailure`` when one failed; with 3 when there were others.
    static func show(_ outcomes: [Outcome], _ format: OutputFormat) throws {
        for outcome in outcomes {
            guard case .success(let created) = outcome.result else { continue }
            Terminal.show(created.warnings)
        }
        guard let only = outcomes.first, outcomes.count == 1 else { return try showAll(outcomes, format) }
        let created = try only.result.get()
        Output.write(value(only), format) { line(only.name, created, only.answer) }
        if let problem = only.problem { throw problem }
    }

    private static func showAll(_ outcomes: [Outcome], _ format: OutputFormat) throws {
        Output.write(Value(outcomes.map(value)), format) {
            outcomes.compactMap { outcome in
                (try? outcome.result.get()).map { line(outcome.name, $0, outcome.answer) }
            }.joined()
        }
        var problems: [Diagnostic] = []
        for outcome in outcomes {
            if case .failure(let error) = outcome.result { problems += diagnostics(error) }
            if let problem = outcome.problem { problems += diagnostics(problem) }
        }
        guard !problems.isEmpty else { return }
        throw CommandFailure(.hostsFailed, problems)
    }

    private static func line(_ name: String, _ created: MachineCreation.Created, _ answer: GuestWaiting.Answer?)
        -> String
    {
        let doing = ["running": "runs", "paused": "is paused", "stopped": "is defined"][created.state.rawValue] ?? "is"
        let addresses = (answer?.addresses ?? []).map(\.address).joined(separator: ", ")
        return "\(name) \(doing) on \(created.host.name) (\(created.uuid))"
            + (addresses.isEmpty ? "" : " at \(addresses)")
            + "\n"
    }

    private static func value(_ outcome: Outcome) -> Value {
        switch outcome.result {
        case .success(let created):
            var value = Mapping([
                ("name", Value(created.name)), ("uuid", Value(created.uuid)), ("host", Value(created.host.name)),
                ("state", Value(created.state.rawValue)),
            ])
            if let answer = outcome.answer {
                value["addresses"] = Value(answer.addresses.map { Value($0.address) })
            }
            if let problem = outcome.problem { value["problem"] = text(problem) }
            return Value(value)
        case .failure(let error):
            return [
                "name": Value(outcome.name), "uuid": .null, "host": .null, "state": "failed", "problem": text(error),
            ]
        }
    }

    private static func diagnostics(_ error: any Error) -> [Diagnostic] {
        if let locked = error as? OperationLocked { return [locked.diagnostic] }
        return ExitStatus.diagnostics(of: error) ?? [.error("\(error)")]
    }

    private static func text(_ error: any Error) -> Value {
        Value(diagnostics(error).map(\.summary).joined(separator: "; "))
    }
}
