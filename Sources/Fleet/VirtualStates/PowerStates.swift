internal import Hypervisor
internal import Inventory
internal import Modules
internal import Values

/// `virt.stopped`, `virt.powered_off`: something done to each VM that a name or a pattern means.
enum PowerStates {
    @Sendable static func stopped(_ call: VirtualCall) async throws -> ControllerAnswer {
        let patience = call.number("patience") ?? 120
        let power = MachinePower(call.context, driver: call.driver)
        return try await MachineGroup(
            word: "shutdown", section: "stopped", done: "Machine has been shut down",
            wouldBe: "Machine would be shut down", isDone: { !$0.state.isActive }
        ) { machine in
            if try await power.stop(machine.uuid, within: patience) { return true }
            throw Diagnostics(
                .error(
                    "the guest has not shut down within \(patience) s",
                    hint: "allow it more with \"patience\", or use virt.powered_off"))
        }.answer(call)
    }

    @Sendable static func poweredOff(_ call: VirtualCall) async throws -> ControllerAnswer {
        let power = MachinePower(call.context, driver: call.driver)
        return try await MachineGroup(
            word: "stop", section: "unpowered", done: "Machine has been powered off",
            wouldBe: "Machine would be powered off", isDone: { !$0.state.isActive }
        ) { machine in
            try await power.kill(machine.uuid)
            return true
        }.answer(call)
    }
}

/// One thing to be done to several VMs of a host, reported as Salt does: `{stopped: [{domain: web1, shutdown: true}]}`.
struct MachineGroup: Sendable {
    let word: String
    let section: String
    let done: String
    let wouldBe: String
    let isDone: @Sendable (DomainSummary) async throws -> Bool
    /// What the change says when it is foretold.
    var foretold: @Sendable (DomainSummary) -> Value = { _ in true }
    let act: @Sendable (DomainSummary) async throws -> Value

    init(
        word: String, section: String, done: String, wouldBe: String,
        isDone: @escaping @Sendable (DomainSummary) async throws -> Bool,
        foretold: @escaping @Sendable (DomainSummary) -> Value = { _ in true },
        act: @escaping @Sendable (DomainSummary) async throws -> Value
    ) {
        self.word = word
        self.section = section
        self.done = done
        self.wouldBe = wouldBe
        self.isDone = isDone
        self.foretold = foretold
        self.act = act
    }

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
        do {
            if try await isDone(machine) { return Part() }
            let value = call.isTest ? foretold(machine) : try await act(machine)
            return Part(change: Value(Mapping([("domain", Value(machine.name)), (word, value)])))
        } catch {
            let issue = VirtualStates.words(error, host: call.host.name)
            return Part(issue: Value(Mapping([("domain", Value(machine.name)), ("issue", Value(issue))])))
        }
    }
}
