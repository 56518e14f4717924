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
        /// What became of the roles that it has.
        var roles: HostReport?
        /// Why the guest did not answer.
        var problem: (any Error)?

        /// What went wrong once the VM was there.
        var aftermath: (any Error)? {
            guard problem == nil, let roles, roles.hasFailed || roles.problem != nil else { return problem }
            if let problem = roles.problem, roles.isUnreachable { return problem }
            let why = Diagnostic.error(
                "\(roles.failures) of \(roles.results.count) states failed inside \"\(name)\"",
                hint: "`drover apply -t vm:\(name)` applies its roles again")
            return CommandFailure(.hostsFailed, roles.diagnostics.isEmpty ? [why] : roles.diagnostics)
        }
    }

    /// - Throws: ``CommandFailure`` when one failed; with 3 when there were others, with 5 when not all could be taken back.
    static func show(_ outcomes: [Outcome], _ format: OutputFormat) throws {
        var told: Set<Diagnostic> = []
        for outcome in outcomes {
            guard case .success(let created) = outcome.result else { continue }
            Terminal.show(created.warnings.filter { told.insert($0).inserted })
        }
        guard let only = outcomes.first, outcomes.count == 1 else { return try showAll(outcomes, format) }
        let created = try only.result.get()
        Output.write(value(only), format) { line(only, created) }
        if let problem = only.aftermath { throw problem }
    }

    private static func showAll(_ outcomes: [Outcome], _ format: OutputFormat) throws {
        Output.write(Value(outcomes.map(value)), format) {
            outcomes.compactMap { outcome in
                (try? outcome.result.get()).map { line(outcome, $0) }
            }.joined()
        }
        let errors = outcomes.flatMap { outcome in
            var failure: (any Error)?
            if case .failure(let error) = outcome.result { failure = error }
            return [failure, outcome.aftermath].compactMap(\.self)
        }
        // What was interrupted has been told of as that already.
        let problems = errors.filter { !($0 is CancellationError) }.flatMap(diagnostics)
        guard problems.isEmpty else {
            throw CommandFailure(
                errors.contains { $0 is OperationUnsettled } ? .unknownOutcome : .hostsFailed, problems)
        }
        if !errors.isEmpty { throw CancellationError() }
    }

    private static func line(_ outcome: Outcome, _ created: MachineCreation.Created) -> String {
        let doing = ["running": "runs", "paused": "is paused", "stopped": "is defined"][created.state.rawValue] ?? "is"
        let addresses = (outcome.answer?.addresses ?? []).map(\.address).joined(separator: ", ")
        let roles = outcome.roles.map { ", \($0.changes) of \($0.results.count) states changed" } ?? ""
        return "\(outcome.name) \(doing) on \(created.host.name) (\(created.uuid))"
            + (addresses.isEmpty ? "" : " at \(addresses)")
            + roles + "\n"
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
            if let roles = outcome.roles { value["states"] = roles.value }
            if let problem = outcome.aftermath { value["problem"] = text(problem) }
            return Value(value)
        case .failure(let error):
            return [
                "name": Value(outcome.name), "uuid": .null, "host": .null, "state": "failed", "problem": text(error),
            ]
        }
    }

    private static func diagnostics(_ error: any Error) -> [Diagnostic] {
        if let locked = error as? OperationLocked { return [locked.diagnostic] }
        if let failure = error as? CommandFailure { return failure.diagnostics }
        return ExitStatus.diagnostics(of: error) ?? [.error("\(error)")]
    }

    private static func text(_ error: any Error) -> Value {
        Value(diagnostics(error).map(\.summary).joined(separator: "; "))
    }
}
