internal import Fleet
internal import Inventory
internal import Modules
internal import Values

/// A fleet coming up, as people see it.
struct UpView: Sendable {
    private let isQuiet: Bool
    private let runs: ApplyView

    /// - Parameters:
    ///   - isQuiet: for JSON and YAML: nothing but a progress line.
    ///   - isVerbose: each state too, not only failures.
    init(isQuiet: Bool, isVerbose: Bool) {
        self.isQuiet = isQuiet
        runs = ApplyView(isQuiet: isQuiet || !isVerbose, isVerbose: isVerbose)
    }

    func show(_ event: UpEvent) {
        switch event {
        case .phase(let name): note("== \(name)")
        case .progress(let words): Terminal.status(words)
        case .machine(let event): isQuiet ? () : PlanView.show(event)
        case .run(.result(let host, let chunk, let result)) where result.result == false && !isQuiet:
            ApplyView(isQuiet: false, isVerbose: false).show(.result(host: host, chunk: chunk, result))
        case .run(let event): runs.show(event)
        case .host(let report):
            let words = report.isUnreachable ? "not reached" : report.hasFailed ? "failed" : "ready"
            let seconds = (report.seconds * 10).rounded() / 10
            note(
                "\(report.host.name): \(words) in \(seconds) s, \(report.changes) of \(report.results.count) states changed"
            )
        }
    }

    private func note(_ words: String) {
        Terminal.clearStatus()
        if !isQuiet { Terminal.note(words) }
    }

    /// Problems that are of no VM, whose own were told with it.
    static func untold(_ report: UpReport) -> [Diagnostic] {
        let told = Set(report.machines.compactMap { $0.problem?.diagnostic.rendered(colored: false) })
        return report.problems.map(\.diagnostic).filter { !told.contains($0.rendered(colored: false)) }
    }

    static func table(_ report: UpReport) -> String {
        var table = Table("PHASE", "SECONDS", "CHANGED", "FAILED", "UNREACHABLE")
        for phase in report.phases {
            table.add([
                phase.name, String((phase.seconds * 100).rounded() / 100), String(phase.changed),
                String(phase.failed), String(phase.unreachable),
            ])
        }
        let seconds = (report.seconds * 100).rounded() / 100
        let end = report.changed == 0 && report.problems.isEmpty ? "nothing had to be changed" : "done"
        return table.text + "\(end) in \(seconds) s\n"
    }
}
