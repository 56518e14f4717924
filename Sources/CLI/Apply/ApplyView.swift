internal import Fleet
internal import Inventory
internal import Modules
internal import States
internal import Values

/// A state run as people see it: changes and failures while they happen, one line a host at the end.
struct ApplyView: Sendable {
    /// For JSON and YAML nothing is shown but a progress line.
    let isQuiet: Bool
    /// States that were right already are shown too.
    let isVerbose: Bool

    func show(_ event: RunEvent) {
        switch event {
        case .connecting(let host): Terminal.status("\(host): connecting")
        case .began(let host, let states): Terminal.status("\(host): \(states) states")
        case .state(let host, let chunk): Terminal.status("\(host): \(chunk.id) (\(chunk.state).\(chunk.function))")
        case .confirming(let host): Terminal.status("\(host): its network changed; connecting anew")
        case .result(let host, let chunk, let result):
            guard !isQuiet, isVerbose || result.result != true || !result.changes.isEmpty else { return }
            Terminal.clearStatus()
            Terminal.note(Self.line(host, chunk, result))
        }
    }

    private static func line(_ host: String, _ chunk: LowChunk, _ result: StateResult) -> String {
        let word =
            switch result.result {
            case true?: result.changes.isEmpty ? "in place" : "changed"
            case false?: "FAILED"
            case nil: "would change"
            }
        let name = chunk.name == chunk.id ? chunk.id : "\(chunk.id) (\(chunk.name))"
        let place = result.result == false && result.ran ? chunk.mark.map { ["declared at \($0)"] } ?? [] : []
        let lines = result.comment.split(separator: "\n").map(Printable.line) + evidence(result) + place
        let first = "\(host): \(word) \(chunk.state).\(chunk.function) \(Printable.line(name)): \(lines.first ?? "")"
        return ([first] + lines.dropFirst().map { "\(host):     \($0)" }).joined(separator: "\n")
    }

    /// Why a command failed, which Salt's comment does not say: its exit code and the end of what it printed.
    private static func evidence(_ result: StateResult) -> [String] {
        guard result.result == false, let code = result.changes["retcode"]?.int, code != 0 else { return [] }
        let said = ["stderr", "stdout"].compactMap { result.changes[$0]?.string }.first { !$0.isEmpty } ?? ""
        return ["exit code \(code)"] + said.split(separator: "\n").suffix(5).map(Printable.line)
    }

    /// The end of a run.
    static func table(_ reports: [HostReport], check: Bool, diff: Bool) -> String {
        var text = ""
        if diff {
            for report in reports { for result in report.results { text += shown(result.diff, report.host.name) } }
        }
        var table = Table("HOST", "STATES", check ? "WOULD CHANGE" : "CHANGED", "FAILED", "SECONDS", "")
        for report in reports {
            let seconds = (report.seconds * 10).rounded() / 10
            table.add([
                report.host.name, String(report.results.count), String(check ? report.pending : report.changes),
                String(report.failures), String(seconds), verdict(report),
            ])
        }
        return text + table.text
    }

    private static func shown(_ diff: String?, _ host: String) -> String {
        guard let diff, !diff.isEmpty else { return "" }
        let lines = diff.split(separator: "\n", omittingEmptySubsequences: false)
        return (lines.last == "" ? lines.dropLast() : lines[...]).map {
            "\(host)| \(Printable.line(String($0)))\n"
        }
        .joined()
    }

    private static func verdict(_ report: HostReport) -> String {
        if let problem = report.problem {
            return problem.kind == .failed ? "failed" : problem.kind == .lost ? "lost" : "unreachable"
        }
        return report.refusal.isEmpty ? "" : "not run"
    }
}
