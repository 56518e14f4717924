package import Inventory
package import Modules
package import States
package import Values

/// What became of one host in a state run.
package struct HostReport: Sendable {
    package let host: Host
    package var chunks: [LowChunk] = []
    package var results: [StateResult] = []
    package var warnings: [Diagnostic] = []
    /// Why it was not reached, was lost, or could not run.
    package var problem: HostProblem?
    /// Mistakes in roles or arguments: nothing was run.
    package var refusal: [Diagnostic] = []
    package var seconds = 0.0

    package init(host: Host) { self.host = host }

    package var failures: Int { results.count { $0.result == false } }
    package var changes: Int { results.count { $0.result != false && !$0.changes.isEmpty } }
    /// States that a check found to be out of place.
    package var pending: Int { results.count { $0.result == nil } }

    package var isUnreachable: Bool { problem?.kind == .unreachable || problem?.kind == .lost }
    package var hasFailed: Bool { failures > 0 || !refusal.isEmpty || problem?.kind == .failed }

    /// Everything to be told about the host besides its results.
    package var diagnostics: [Diagnostic] { warnings + refusal + (problem.map { [$0.diagnostic] } ?? []) }

    /// Stable API: results by Salt's tags, or why the host was not reached.
    package var value: Value {
        var map = Mapping()
        for result in results where chunks.indices.contains(result.chunk) {
            let chunk = chunks[result.chunk]
            map[result.tag(of: chunk)] = result.json(chunk)
        }
        if isUnreachable, let problem { map["unreachable"] = Value(problem.diagnostic.summary) }
        if let first = refusal.first ?? (problem?.kind == .failed ? problem?.diagnostic : nil) {
            map["error"] = Value(first.rendered(colored: false))
        }
        return Value(map)
    }
}
