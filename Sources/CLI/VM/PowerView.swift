internal import Fleet
internal import Values

extension CommonOptions {
    /// Does the same to every VM named, and tells of each; some that failed make it exit with 3.
    func act(_ act: PowerAct, on names: [String], assumedAbsent: [String]? = nil) async throws {
        let outcomes = try await tell(act, on: names, assumedAbsent: assumedAbsent)
        try failIfAny(outcomes.compactMap(\.error), of: outcomes.count)
    }

    /// The same, with the failures left to the caller.
    func tell(
        _ act: PowerAct, on names: [String], assumedAbsent: [String]? = nil
    ) async throws -> [MachinePower.Outcome] {
        let context = try context()
        var seen: Set<String> = []
        let wanted = names.filter { seen.insert($0).inserted }
        let outcomes = try await MachinePower(context, driver: try hypervisors(context))
            .act(act, on: wanted, assumedAbsent: assumedAbsent)
        if format == .table {
            for outcome in outcomes {
                if let result = outcome.result { Terminal.note("\(Printable.line(outcome.name)): \(result)") }
            }
        } else {
            Output.write(Value(outcomes.map(\.value)), format) { "" }
        }
        return outcomes
    }
}

extension [String] {
    /// Names in a sentence.
    var quoted: String { map { "\"\($0)\"" }.joined(separator: ", ") }
}
