internal import Hypervisor
internal import Inventory
internal import Modules
internal import Values

/// A VM that is there, compared with what its state says of it, and changed as `drover vm apply` would.
struct MachineUpdate: Sendable {
    let call: VirtualCall
    let wish: MachineArguments
    let running: Bool
    /// Whether it runs or is paused, in a check as earlier states would leave it.
    let state: DomainState

    func answer() async throws -> ControllerAnswer {
        var spec = wish.spec
        spec.host = call.host.name
        let placement = MachinePlacement(call.context, driver: call.driver)
        let survey = await placement.survey([spec], hosts: [call.host], details: true)
        if let problem = survey.problems.first { throw problem }
        guard var present = survey.present.first(where: { $0.name == call.name }) else {
            throw Diagnostics(.error("\"\(call.name)\" is not on \(call.host.name) any more", hint: "try again"))
        }
        present.activity = !state.isActive ? .stopped : state.activity == .paused ? .paused : .running
        spec.startState =
            running
            ? .running : present.activity == .stopped ? .stopped : present.activity == .paused ? .paused : .running
        let all = try MachineComparison(spec: spec, host: call.host, present: present).changes()
        let changes = all.filter { wish.tells($0.field) }
        guard !changes.isEmpty else {
            return call.unchanged(
                "Domain \(call.name) \(running ? "exists and is running" : "unchanged")\(wish.uncompared)")
        }
        // Only to ask all hosts tells whether it is here alone.
        let whole = await placement.survey([spec], places: [])
        try MachineStates.refuseElsewhere(call, whole.census, present.uuid)
        if changes.contains(where: \.needsEveryHost) {
            for answer in whole.census { _ = try answer.machines.get() }
        }
        let isLive = call.truth("live") ?? true
        if !isLive, state.isActive { try refuseNow(changes) }
        var warnings: [Diagnostic] = []
        try PlannedChanges(changes, isLive: isLive).devices.validate()
        if call.isTest {
            if running { await call.foresight.foresee(machine: call.name, running: true) }
        } else {
            var line = PlanLine(call.name, .change, host: call.host.name)
            line.changes = changes
            line.uuid = present.uuid
            let plan = FleetPlan(
                lines: [line], placings: [], warnings: [], problems: [],
                wishes: [call.name: MachineWish(spec: spec)], survey: whole)
            var options = FleetApplying.Options()
            options.isLive = isLive
            let steps = PlanSteps(call.context, driver: call.driver, plan: plan, options: options, say: { _ in })
            warnings = try await steps.carryOut(line)
        }
        return report(changes, warnings)
    }

    /// A disk cannot be larger at the next start only.
    private func refuseNow(_ changes: [FieldChange]) throws(Diagnostics) {
        for change in changes {
            guard case .disk(let name, _, _) = change.field else { continue }
            throw Diagnostics(
                .error(
                    "the disk \"\(name)\" of \"\(call.name)\" would be larger at once",
                    detail: "`live: false` leaves a running VM as it is",
                    hint: "leave out `live: false`, or stop the VM first", host: call.host.name))
        }
    }

    /// `Domain web1 updated and started`, with `{web1: {definition: true, cpu: true, started: true}}`.
    private func report(_ changes: [FieldChange], _ warnings: [Diagnostic]) -> ControllerAnswer {
        var change = Mapping()
        var parts: [String: [String: [Value]]] = [:]
        for item in changes {
            switch item.field {
            case .cpus: change["cpu"] = true
            case .memory: change["mem"] = true
            case .autostart: change["autostart"] = true
            case .state: change["started"] = true
            case .disk(let name, _, _): parts["disk", default: [:]]["updated", default: []].append(Value(name))
            case .newDisk(let disk): parts["disk", default: [:]]["attached", default: []].append(Value(disk.name))
            case .nic(let index, _, _):
                parts["interface", default: [:]]["updated", default: []].append(Value("eth\(index)"))
            case .newNIC(let index, _):
                parts["interface", default: [:]]["attached", default: []].append(Value("eth\(index)"))
            case .removedNIC(let mac): parts["interface", default: [:]]["detached", default: []].append(Value(mac))
            case .graphics: change["graphics"] = true
            case .boot: change["boot_dev"] = true
            case .iso: change["iso"] = true
            case .machine: change["machine"] = true
            case .cpu: change["cpu_model"] = true
            }
        }
        for (key, lists) in parts {
            change[key] = Value(Mapping(lists.sorted { $0.key < $1.key }.map { ($0.key, Value($0.value)) }))
        }
        let isStarted = change["started"] != nil
        let isUpdated = change.count > (isStarted ? 1 : 0)
        if isUpdated { change["definition"] = true }
        let done = [isUpdated ? "updated" : nil, isStarted ? "started" : nil].compactMap { $0 }.joined(
            separator: " and ")
        let details = changes.filter { if case .state = $0.field { false } else { true } }.map(\.description)
        let rest = (details + warnings.map(\.summary)).map { "\n" + $0 }.joined() + wish.uncompared
        return call.changed(
            Mapping([(call.name, Value(change))]), "Domain \(call.name) \(done)\(rest)",
            wouldBe: "Domain \(call.name) would be \(done)\(rest)")
    }
}

extension FieldChange {
    /// Whether it would do harm if another host had the VM too.
    fileprivate var needsEveryHost: Bool { if case .autostart = field { false } else { true } }
}

extension MachineArguments {
    /// Whether the state says anything about a field: what it does not say is nobody's to change.
    func tells(_ field: FieldChange.Field) -> Bool {
        switch field {
        case .state: true
        case .cpus: said.contains("cpu")
        case .memory: said.contains("mem")
        case .autostart: said.contains("autostart")
        case .disk, .newDisk: said.contains("disks") || said.contains("disk_profile")
        case .nic, .newNIC, .removedNIC: said.contains("interfaces") || said.contains("nic_profile")
        case .graphics: said.contains("graphics")
        case .boot: said.contains("boot_dev")
        case .iso: said.contains("iso")
        case .machine: said.contains("machine")
        case .cpu: said.contains("cpu_model")
        }
    }
}
