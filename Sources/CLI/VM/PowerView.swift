internal import Fleet
internal import Values

extension CommonOptions {
    /// Does the same to every VM named, and tells of each; some that failed make it exit with 3.
    func act(_ act: PowerAct, on names: [String]) async throws {
        let context = try context()
        var seen: Set<String> = []
        let wanted = names.filter { seen.insert($0).inserted }
        let outcomes = try await MachinePower(context, driver: try hypervisors(context)).act(act, on: wanted)
        if format == .table {
            for outcome in outcomes {
                if let result = outcome.result { Terminal.note("\(Printable.line(outcome.name)): \(result)") }
            }
        } else {
            Output.write(Value(outcomes.map(\.value)), format) { "" }
        }
        let problems = outcomes.compactMap(\.problem)
        guard wanted.count == 1, let only = problems.first else { return try failIfAny(problems) }
        throw only
    }
}

extension [String] {
    /// Names in a sentence.
    var quoted: String { map { "\"\($0)\"" }.joined(separator: ", ") }
}
