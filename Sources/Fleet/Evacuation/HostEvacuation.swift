internal import Hypervisor
package import Inventory
package import Values

/// Starts the VMs of a host that is lost on others, as far as their disks are on storage that those see.
///
/// Only after the host was fenced, or its user says that it is off: two copies on one disk destroy it. When the host comes
/// back its definitions are stale, and it is given no VMs until `host undrain` has removed them; what its libvirt starts by
/// itself before that nobody but a lock on the storage can stop.
package struct HostEvacuation: Sendable {
    package enum Certainty: String, Sendable {
        /// By the inventory's fence command.
        case fenced
        /// A person says so.
        case confirmed
    }

    private let context: FleetContext
    private let driver: any HypervisorDriver
    private let tell: @Sendable (String) -> Void

    package init(
        _ context: FleetContext, driver: any HypervisorDriver, tell: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        self.context = context
        self.driver = driver
        self.tell = tell
    }

    private var fence: HostFence { HostFence(context: context, driver: driver) }

    /// - Parameter to: a target expression for the hosts that they may go to.
    /// - Throws: `Diagnostics` when the host answers: then it is to be drained.
    package func plan(_ host: Host, to: String? = nil) async throws -> EvacuationPlan {
        tell("looking at the hosts")
        if let connection = try? await driver.connect(to: host) {
            await connection.close()
            throw Diagnostics(
                .error(
                    "\"\(host.name)\" is not lost: its libvirt answers",
                    hint: "`drover host drain \(host.name)` moves its VMs off", host: host.name))
        }
        let planning = RelocationPlanning(context: context, driver: driver)
        let survey = await planning.survey(residences: [])
        let elsewhere = Set(survey.census.flatMap { (try? $0.machines.get())?.map(\.uuid) ?? [] })
        var plan = EvacuationPlan(host: host.name)
        let all = DefinitionMemory(context.directory).known(on: host.name).filter { !elsewhere.contains($0.uuid) }
        let known = all.compactMap { LostMachine($0, context.inventory) }
        let names = Set(known.map(\.known.name))
        for name in MachineMemory(context.directory).lastSeen(on: host.name) where !names.contains(name) {
            let isElsewhere = survey.census.contains { answer in
                (try? answer.machines.get())?.contains { $0.name == name } ?? false
            }
            if !isElsewhere { plan.losses.append(.init(vm: name, reason: .error("its definition was never seen"))) }
        }
        var lost: [LostMachine] = []
        for machine in known {
            if let reason = Self.tie(machine) {
                plan.losses.append(.init(vm: machine.known.name, reason: .error(reason)))
            } else {
                lost.append(machine)
            }
        }
        let allowed = try to.map { Set(try context.hosts($0).map(\.name)) }
        try await place(lost, in: survey, allowed, words: to, &plan)
        return plan
    }

    private static func tie(_ machine: LostMachine) -> String? {
        guard machine.known.isActive else { return "it was off" }
        return machine.tie
    }

    private func place(
        _ lost: [LostMachine], in survey: FleetSurvey, _ allowed: Set<String>?, words: String?,
        _ plan: inout EvacuationPlan
    ) async throws {
        let open = survey.answers.filter { $0.host.name != plan.host }
        let paths = Set(lost.flatMap { $0.paths + $0.drives }).sorted()
        let connector = context.connector
        let sights = await fanOut(open, limit: context.parallel) { answer in
            if case .failure = answer.stock { return SharedSight(missing: Set(paths)) }
            return await SharedSight.look(for: paths, on: answer.host, connector)
        }
        var candidates: [PlacementRound.Candidate] = []
        for answer in open {
            let ratios = try OvercommitRatios(vars: answer.host.vars)
            candidates.append(
                .init(host: answer.host.name, stock: answer.stock.mapError(\.diagnostic), ratios: ratios))
        }
        let leavers = try lost.map { machine in
            let own = try machine.place.map { Set(try context.hosts($0).map(\.name)) }
            let demands = zip(open, sights).map { answer, sight in
                (answer.host.name, machine.demand(on: answer, seeing: sight.shared))
            }
            return RelocationRound.Leaver(
                request: .init(
                    name: machine.known.name, demands: Dictionary(demands) { first, _ in first },
                    allowed: allowed.map { hosts in own.map(hosts.intersection) ?? hosts } ?? own,
                    place: own == nil ? words : machine.place),
                affinity: Set(machine.description.metadata?.affinity ?? []),
                memoryMiB: machine.description.memoryMiB)
        }
        let sightOf = Dictionary(zip(open.map(\.host.name), sights)) { first, _ in first }
        for (machine, place) in zip(lost, RelocationRound.places(for: leavers, on: candidates)) {
            switch place {
            case .success(let name):
                let emptied = machine.drives.filter { sightOf[name]?.missing.contains($0) ?? true }
                plan.starts.append(
                    .init(
                        vm: machine.known.name, uuid: machine.known.uuid, to: name, machine: machine, emptied: emptied))
            case .failure(let reason): plan.losses.append(.init(vm: machine.known.name, reason: reason))
            }
        }
    }

    /// - Throws: `Diagnostics` when it is not certain that the host is off; nothing was started then.
    package func evacuate(_ plan: EvacuationPlan, _ host: Host, by certainty: Certainty) async throws
        -> EvacuationReport
    {
        let locks = try HostDrain.lock([host], context)
        defer { withExtendedLifetime(locks) {} }
        switch certainty {
        case .fenced:
            tell("fencing \(host.name)")
            try await fence.fence(host)
        case .confirmed:
            tell("looking whether \(host.name) answers")
            try await fence.demandSilence(of: host)
        }
        let departures = plan.starts.map { DrainRecord.Departure(vm: $0.vm, uuid: $0.uuid, to: $0.to) }
        let log = try Journal(context.directory).begin(
            "evacuate",
            Mapping([
                ("subject", Value(host.name)), ("host", Value(host.name)), ("certainty", Value(certainty.rawValue)),
                ("vms", Value(departures.map(\.value))),
            ]))
        try EvacuationMemory(context.directory).remember(
            .init(at: Clock.iso(Clock.now), by: Requester.name, operation: log.id, departures: departures),
            of: host.name)
        var report = EvacuationReport(operation: log.id, plan: plan)
        let ends = await fanOut(plan.starts, limit: 8) { start in
            // Seen through: half a start helps nobody.
            await Task { await self.start(start, log) }.value
        }
        for (start, problem) in zip(plan.starts, ends) {
            if let problem { report.problems.append(problem) } else { report.started.append(start.vm) }
        }
        try log.record("finished")
        return report
    }

    /// - Returns: why it is not started.
    private func start(_ start: EvacuationPlan.Start, _ log: OperationLog) async -> Diagnostic? {
        do {
            let lock = try OperationLock(context.directory, machine: start.vm)
            defer { withExtendedLifetime(lock) {} }
            let destination = try context.host(named: start.to)
            let xml = try start.machine.definition(without: Set(start.emptied))
            try log.record("starting", Mapping([("name", Value(start.vm)), ("to", Value(start.to))]))
            try await driver.visit(destination) { connection in
                let domain = DomainReference.uuid(start.uuid)
                try await connection.define(xml: xml)
                do {
                    var metadata = start.machine.description.metadata ?? DomainMetadata()
                    metadata.operation = log.id
                    try await connection.setMetadata(domain, metadata)
                    if start.machine.known.autostart { try await connection.setAutostart(domain, true) }
                    try await connection.start(domain)
                } catch {
                    if try await connection.domain(domain)?.state.isActive != true {
                        try await connection.undefine(domain, keepingNVRAM: true)
                    }
                    throw error
                }
            }
            tell("\(start.vm) runs on \(start.to)")
            return nil
        } catch let locked as OperationLocked {
            return locked.diagnostic
        } catch {
            var diagnostic = HostProblem(error, host: start.to).diagnostic
            diagnostic.summary = "\"\(start.vm)\" was not started: \(diagnostic.summary)"
            return diagnostic
        }
    }

    /// What was cut off: VMs that were defined and not started are taken back; evacuating again starts them.
    static func settle(
        _ record: OperationRecord, _ context: FleetContext, _ driver: any HypervisorDriver
    ) async throws -> String {
        let departures = (record["vms"]?.list ?? []).compactMap(DrainRecord.Departure.init)
        let begun = Set(record.steps.filter { $0["step"]?.string == "starting" }.compactMap { $0["name"]?.string })
        for departure in departures where begun.contains(departure.vm) {
            let lock = try OperationLock(context.directory, machine: departure.vm)
            defer { withExtendedLifetime(lock) {} }
            try await driver.visit(try context.host(named: departure.to)) { connection in
                let domain = DomainReference.uuid(departure.uuid)
                guard let there = try await connection.domain(domain), !there.state.isActive else { return }
                try await connection.undefine(domain, keepingNVRAM: true)
            }
        }
        try Journal(context.directory).resume(record).record("finished")
        return "finished"
    }
}
