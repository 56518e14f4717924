internal import Hypervisor
internal import Inventory
internal import Modules
internal import Values

/// `virt.running`, `virt.defined`.
enum MachineStates {
    @Sendable static func running(_ call: VirtualCall) async throws -> ControllerAnswer {
        try await converge(call, running: true)
    }

    @Sendable static func defined(_ call: VirtualCall) async throws -> ControllerAnswer {
        try await converge(call, running: false)
    }

    private static func converge(_ call: VirtualCall, running: Bool) async throws -> ControllerAnswer {
        try await refuseOther(call)
        guard let there = try await call.machine() else { return try await create(call, running: running) }
        // One that a check has only foretold is as it was described.
        if call.truth("update") ?? true, !there.uuid.isEmpty, let wish = try MachineArguments(call) {
            return try await MachineUpdate(call: call, wish: wish, running: running, state: there.state).answer()
        }
        let isRunning = there.state.isActive && there.state.activity != .paused
        guard running, !isRunning else {
            return call.unchanged("Domain \(call.name) \(running ? "exists and is running" : "unchanged")")
        }
        let act: PowerAct = there.state.isActive ? .resume : .start(discardingSaved: false)
        let answers = await MachineCensus(call.context, driver: call.driver).take()
        try refuseElsewhere(call, answers, there.uuid)
        if act.needsEveryHost { for answer in answers { _ = try answer.machines.get() } }
        if call.isTest {
            await call.foresight.foresee(machine: call.name, running: true)
        } else {
            try await MachinePower(call.context, driver: call.driver).act(act, on: there.uuid)
        }
        let changes = Mapping([(call.name, Value(Mapping([("started", true)])))])
        return call.changed(
            changes, "Domain \(call.name) started", wouldBe: "Domain \(call.name) would be started")
    }

    /// A VM is of its host's architecture, and uses KVM where there is any.
    private static func refuseOther(_ call: VirtualCall) async throws {
        let (architecture, type) = (call.text("arch"), call.text("vm_type"))
        guard architecture != nil || type != nil, try call.host.hypervisorKind() == .qemu else { return }
        let info = try await call.connected { connection in try await connection.hostInfo() }
        let own = info.capabilities.hasKVM() ? "kvm" : "qemu"
        for (key, wanted, has) in [("arch", architecture, info.architecture), ("vm_type", type, own)] {
            guard let wanted, wanted != has else { continue }
            throw Diagnostics(
                .error(
                    "a VM of \(call.host.name) has the \"\(key)\" \"\(has)\", not \"\(wanted)\"",
                    hint: "leave it out, or give the state to a host that has it", mark: call.argument(key)?.mark,
                    host: call.host.name))
        }
    }

    private static func create(_ call: VirtualCall, running: Bool) async throws -> ControllerAnswer {
        guard let wish = try MachineArguments(call), wish.isDescription else {
            return call.failed(
                "\(call.host.name) has no VM \"\(call.name)\", and nothing says what it would be like", isSoft: true)
        }
        var spec = wish.spec
        spec.host = call.host.name
        spec.startState = running ? .running : .stopped
        let answers = await MachineCensus(call.context, driver: call.driver).take()
        try refuseElsewhere(call, answers)
        var warnings: [Diagnostic] = []
        if call.isTest {
            try await foretell(spec, call, answers)
            await call.foresight.foresee(machine: call.name, running: running)
        } else {
            warnings = try await MachineCreation(call.context, driver: call.driver).create(spec, on: call.host).warnings
        }
        let told = warnings.map { "\n" + $0.summary }.joined()
        var change = Mapping([("definition", true)])
        if running { change["started"] = true }
        let rest = running ? " and started" : ""
        return call.changed(
            Mapping([(call.name, Value(change))]), "Domain \(call.name) defined\(rest)\(told)",
            wouldBe: "Domain \(call.name) would be defined\(rest)")
    }

    /// A VM that was moved is still there: a second one of its name must not come about, and what a move has left behind
    /// must not begin to run on the same disks.
    /// - Parameter uuid: of the one that is here, if there is one.
    static func refuseElsewhere(
        _ call: VirtualCall, _ answers: [MachineCensus.Answer], _ uuid: String? = nil
    ) throws(Diagnostics) {
        for answer in answers where answer.host.name != call.host.name {
            let machines = (try? answer.machines.get()) ?? []
            guard let machine = machines.first(where: { $0.name == call.name || $0.uuid == uuid }) else { continue }
            let there = answer.host.name
            let bring =
                "`drover vm migrate \(call.name) --to \(call.host.name)` brings it here, or give the state to \(there)"
            throw Diagnostics(
                .error(
                    "\"\(call.name)\" is on \(there)\(uuid == nil ? "" : " too")",
                    detail: "it is \(machine.state.activity.name) there",
                    hint: uuid == nil
                        ? bring
                        : "`drover op recover` settles a move that was interrupted; else take the definition that is "
                            + "left over from its host with `virsh undefine \(machine.uuid) --keep-nvram`"))
        }
    }

    /// Whatever would stop the creation before it makes anything.
    private static func foretell(
        _ spec: MachineSpec, _ call: VirtualCall, _ answers: [MachineCensus.Answer]
    ) async throws {
        try spec.validate()
        let directory = call.context.directory
        let missing = try spec.imageFiles(on: call.host).filter { $0.isMissing(in: directory) }
        for file in missing { _ = try file.source(in: directory) }
        if let image = spec.image, ImageFile(image) == nil { _ = try ImageStore(directory).find(image) }
        try MachineName.refuseTaken(spec.name, answers, assumedAbsent: [])
        try Journal(directory).refuseUnsettled(named: spec.name)
        // What pools and networks before it will be like, no host can say yet.
        if await call.foresight.hasStores || !missing.isEmpty { return }
        _ = try await MachinePlacement(call.context, driver: call.driver).choose(spec, census: answers)
    }
}
