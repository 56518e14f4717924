internal import Hypervisor
internal import Inventory
internal import Modules
internal import Values

/// One thing to be done to each VM of a host that a name or a pattern means, reported as Salt does:
/// `{stopped: [{domain: web1, shutdown: true}]}`.
struct MachineGroup: Sendable {
    /// The key of the changes.
    let section: String
    let done: String
    let wouldBe: String
    /// What there is to do to a VM, as its change says it; nil when nothing is. Looks only.
    let plan: @Sendable (MachineCensus.Found) async throws -> Mapping?
    /// Does it.
    let act: @Sendable (MachineCensus.Found, Mapping) async throws -> Void
    /// In a check, tells the states behind it.
    var foresee: @Sendable (MachineCensus.Found, Mapping) async -> Void = { _, _ in }

    private struct Part: Sendable {
        var change: Value?
        var issue: Value?
    }

    func answer(_ call: VirtualCall) async throws -> ControllerAnswer {
        let machines = try await call.machines()
        guard !machines.isEmpty else {
            let comment = "No changes had happened: \(call.host.name) has no VM \"\(call.name)\""
            return call.failed(comment, isSoft: true)
        }
        let parts = await fanOut(machines, limit: 8) { machine in await part(machine, call) }
        let issues = parts.compactMap(\.issue)
        let changes = parts.compactMap(\.change)
        var report = Mapping()
        if !changes.isEmpty { report[section] = Value(changes) }
        if !issues.isEmpty {
            report["ignored"] = Value(issues)
            let reasons = issues.compactMap { $0["issue"]?.string }.joined(separator: "\n")
            return ControllerAnswer(result: false, changes: report, comment: reasons)
        }
        return report.isEmpty
            ? call.unchanged("No changes had happened") : call.changed(report, done, wouldBe: wouldBe)
    }

    private func part(_ machine: DomainSummary, _ call: VirtualCall) async -> Part {
        let found = MachineCensus.Found(host: call.host, machine: machine)
        do {
            guard let fields = try await plan(found) else { return Part() }
            if call.isTest { await foresee(found, fields) } else { try await act(found, fields) }
            return Part(change: Value(Mapping([("domain", Value(machine.name))]).merged(with: fields)))
        } catch {
            let issue = VirtualStates.words(error, host: call.host.name)
            return Part(issue: Value(Mapping([("domain", Value(machine.name)), ("issue", Value(issue))])))
        }
    }
}
