internal import Hypervisor
internal import Inventory
internal import Values

/// Copies a VM on its host: a new UUID, new addresses, disks of its own and a first boot of its own. A failure or an
/// interruption anywhere takes everything back that was made on the way.
package struct MachineCloning: Sendable {
    private let context: FleetContext
    private let driver: any HypervisorDriver
    private let say: @Sendable (String) -> Void

    /// - Parameter say: told what is being done, for a progress line.
    package init(
        _ context: FleetContext, driver: any HypervisorDriver, say: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        self.context = context
        self.driver = driver
        self.say = say
    }

    /// - Throws: `Diagnostics` for all that stands against it, before anything is made; ``HostProblem``.
    package func clone(
        _ name: String, as new: String, _ options: CloneOptions = CloneOptions()
    ) async throws -> ClonedMachine {
        try MachineName.validate(new, for: "a VM")
        // Whoever else is making it has it by the time that the hosts are asked.
        let own = try OperationLock(context.directory, machine: new)
        defer { withExtendedLifetime(own) {} }
        try Journal(context.directory).refuseUnsettled(named: new)
        say("looking for \"\(new)\" on every host")
        let locked = NameHold(new, for: "clone", options.assumedAbsent, context, driver)
        return try await locked.hold.during {
            let found = try MachineCensus.one(name, among: await MachineCensus(context, driver: driver).take())
            try found.host.require(.disks)
            try await locked.take(on: found.host)
            return try await MachineHold(context, driver: driver).with(found, for: "clone") { held in
                try await clone(held, as: new, options)
            }
        }
    }

    private func clone(
        _ held: HeldMachine, as new: String, _ options: CloneOptions
    ) async throws -> ClonedMachine {
        let host = held.found.host
        let text = try await held.connection.xml(held.domain, [.inactive, .secure])
        var definition = try DomainDefinition(reading: text)
        let plan = try await ClonePlan(held, definition.description, as: new, linked: options.linked)
        let files = PoolFiles(host: host, connector: context.connector)
        let variables = try await variables(of: definition.description, as: new, files)
        let layers = options.linked ? try await OperationLock.layers(context.directory, on: host.name) : nil
        defer { withExtendedLifetime(layers) {} }
        let uuid = RandomUUID.make()
        let log = try Journal(context.directory).begin(
            "clone",
            Mapping([
                ("vm", Value(new)), ("uuid", Value(uuid)), ("host", Value(host.name)), ("source", Value(held.name)),
                ("source_uuid", Value(held.found.machine.uuid)), ("linked", Value(options.linked)),
            ]))
        do {
            let disks = CloneDisks(held: held, plan: plan, files: files, log: log, say: say)
            let before = definition.description.interfaces.map(\.mac)
            definition.become(name: new, uuid: uuid)
            let addresses = Array(zip(before, definition.description.interfaces.map(\.mac)))
            let seed = try await CloneSeed(
                old: held.name, new: new, instance: uuid, addresses: addresses, networkConfig: options.networkConfig
            ).make(disks)
            try await disks.make()
            for disk in plan.disks { definition.setSource(of: disk.original.target, to: disk.source) }
            if let variables {
                try await log.making(file: variables.to) { try await files.copy(variables) }
                definition.setNVRAM(variables.to)
            }
            note(&definition, plan, hostKey: seed.hostKey, log)
            let text = try definition.text()
            try log.record(OperationRecovery.defining)
            try await held.connection.define(xml: text)
            try log.record("defined")
            if options.start {
                try Task.checkCancellation()
                say("starting \(new)")
                try log.record("starting")
                try await held.connection.start(.uuid(uuid))
            }
            try log.record("finished")
            return ClonedMachine(
                name: new, uuid: uuid, host: host, isRunning: options.start, warnings: plan.warnings + seed.warnings)
        } catch {
            throw await Undoing(driver: driver, host: host, log: log).after(error, over: held.connection) {
                try await takeBack(log, over: $0, files)
            }
        }
    }

    private func note(
        _ definition: inout DomainDefinition, _ plan: ClonePlan, hostKey: String?, _ log: OperationLog
    ) {
        guard var metadata = definition.description.metadata else { return }
        metadata.operation = log.id
        if let hostKey { metadata.hostKey = hostKey }
        for disk in plan.disks {
            metadata.labels[MachineDisk.keptLabel(disk.original.target)] = nil
            metadata.labels[MachineDisk.foreignLabel(disk.original.target)] = nil
        }
        definition.setMetadata(metadata)
    }

    /// Where the copy's UEFI variables go, if the source has any yet.
    private func variables(
        of description: DomainDescription, as new: String, _ files: PoolFiles
    ) async throws -> PoolFiles.Move? {
        guard let path = description.nvram, try await !files.existing([path]).isEmpty else { return nil }
        let own = DiskPath.join(DiskPath.parent(path), "\(new)_VARS.fd")
        if try await files.existing([own]).isEmpty { return PoolFiles.Move(from: path, to: own) }
        throw Diagnostics(
            .error(
                "the file \"\(own)\" exists already", detail: "the copy's UEFI variables would go there",
                hint: "choose another name", host: files.host.name))
    }

    private func takeBack(
        _ log: OperationLog, over connection: HypervisorConnection, _ files: PoolFiles
    ) async throws {
        guard let record = Journal(context.directory).operation(log.id) else { return }
        try await CloneRemnants(record: record, connection: connection, files: files).remove()
        try log.record("undone")
    }

    /// One that was defined is whole; anything less is taken back.
    func settle(_ record: OperationRecord) async throws -> String {
        guard let uuid = record["uuid"]?.string, let host = record["host"]?.string,
            let source = record["source"]?.string
        else { throw Diagnostics(.error("the journal of \(record.id) is incomplete")) }
        let lock = try OperationLock(context.directory, machine: source)
        defer { withExtendedLifetime(lock) {} }
        let layers = try await OperationLock.layers(context.directory, on: host)
        defer { withExtendedLifetime(layers) {} }
        let log = Journal(context.directory).resume(record)
        let whereabouts = try await Whereabouts(uuid, of: host, context, driver)
        let isKept = whereabouts.here.map { record.hasStep("defined") || $0.state.isActive } ?? false
        if isKept || whereabouts.elsewhere != nil {
            try log.record("finished")
            return "finished"
        }
        if whereabouts.here == nil, record.hasStep(OperationRecovery.defining) { try whereabouts.demandNowhereElse() }
        let place = try context.host(named: host)
        return try await MachineHold(context, driver: driver).settling(record) { connection, _ in
            let files = PoolFiles(host: place, connector: context.connector)
            try await takeBack(log, over: connection, files)
            return "undone"
        }
    }
}
