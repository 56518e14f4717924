internal import Hypervisor
internal import Inventory
package import Values

/// Changes a VM's disks, NICs, drive, boot order and the like: at once where its guest can take it, and for good.
package struct MachineChanging: Sendable {
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

    /// - Returns: what has changed, and when each change takes effect.
    /// - Throws: `Diagnostics` for what cannot be, which says what was changed before; ``HostProblem``.
    package func change(_ name: String, _ request: ChangeRequest) async throws -> [MachineChange] {
        try request.validate()
        return try await change(try await MachineCensus(context, driver: driver).findSurely(name), request)
    }

    /// The same for one that was found, by who knows that no other host has it.
    func change(_ found: MachineCensus.Found, _ request: ChangeRequest) async throws -> [MachineChange] {
        try request.validate()
        return try await MachineHold(context, driver: driver).with(found) { held in
            if held.isActive, request.isLive, request.changesDevices { try held.found.host.require(.liveChange) }
            if request.needsDisks { try held.found.host.require(.disks) }
            let log = try Journal(context.directory).begin("change", held.fields())
            var changes: [MachineChange] = []
            do {
                try await perform(request, held, log, &changes)
                try log.record("finished")
                return changes
            } catch {
                let record = Journal(context.directory).operation(log.id)
                let end = changes.isEmpty ? "undone" : "finished"
                // To its end, though the task was cancelled.
                await Task { [connection = held.connection] in
                    if let record, (try? await removeUnused(record, connection)) != nil { try? log.record(end) }
                }.value
                throw Self.told(error, changes, held)
            }
        }
    }

    private func perform(
        _ request: ChangeRequest, _ held: HeldMachine, _ log: OperationLog, _ changes: inout [MachineChange]
    ) async throws {
        let order = try await lostBootOrder(request, held)
        let files = PoolFiles(host: held.found.host, connector: context.connector)
        let devices = DeviceChanges(
            held: held, isLive: request.isLive, patience: request.patience, files: files,
            removal: VolumeRemoval(context, driver: driver, on: held.found.host), log: log, say: say)
        for word in request.removedDisks {
            changes.append(try await devices.removeDisk(word, deletingVolume: request.deletesVolumes))
        }
        for disk in request.addedDisks { changes.append(try await devices.add(disk)) }
        for word in request.removedNICs { changes.append(try await devices.removeNIC(word)) }
        for nic in request.addedNICs { changes.append(try await devices.add(nic)) }
        if let iso = request.iso { changes.append(try await devices.insert(iso == "none" ? nil : iso)) }
        // Behind the devices, which may be what it is to boot from.
        var request = request
        if let order { request.boot = order }
        if request.changesDefinition {
            let edit = DefinitionChanges(held: held, request: request, context: context, driver: driver)
            let edited = try await edit.apply().filter { order == nil || $0.subject != "boot" }
            changes.insert(contentsOf: edited, at: 0)
        }
        if let autostart = request.autostart, autostart != held.found.machine.autostart {
            try await held.connection.setAutostart(held.domain, autostart)
            changes.append(
                MachineChange("autostart", from: autostart ? "off" : "on", to: autostart ? "on" : "off", now: true))
        }
    }

    /// The boot order that is to be set again, because a NIC that is exchanged takes its turn with it.
    private func lostBootOrder(_ request: ChangeRequest, _ held: HeldMachine) async throws -> [String]? {
        guard request.boot == nil, !request.removedNICs.isEmpty, !request.addedNICs.isEmpty else { return nil }
        let defined = try await held.connection.description(of: held.domain, .inactive)
        let order = DomainDefinition(defined.document).bootOrder
        let isPlain = Set(order).count == order.count && order.allSatisfy { ["disk", "cdrom", "network"].contains($0) }
        return order.contains("network") && isPlain ? order : nil
    }

    /// An error with what had been changed before it.
    private static func told(_ error: any Error, _ changes: [MachineChange], _ held: HeldMachine) -> any Error {
        guard !changes.isEmpty else { return error }
        var problem =
            (error as? HypervisorError).map { HostProblem($0, host: held.found.host.name) } ?? HostProblem(error)
        let done = changes.map(\.subject).joined(separator: ", ")
        problem.diagnostic.hint = "changed before that: \(done)" + (problem.diagnostic.hint.map { "; \($0)" } ?? "")
        return problem
    }

    /// What was made and is not the VM's goes; what was being taken from it and is its still stays.
    func settle(_ record: OperationRecord) async throws -> String {
        let log = Journal(context.directory).resume(record)
        return try await MachineHold(context, driver: driver).settling(record) { connection, machine in
            if let machine { try await connection.waitForJobs(.uuid(machine.uuid)) }
            let end = try await removeUnused(record, connection) ? "undone" : "finished"
            try log.record(end)
            return end
        }
    }

    /// Removes volumes of this operation that nobody has, and the layers that they alone stood on.
    /// - Returns: whether there were any volumes.
    private func removeUnused(_ record: OperationRecord, _ connection: HypervisorConnection) async throws -> Bool {
        let removed = try await MadeVolumes(record).remove(over: connection)
        let layers = record.steps.flatMap { $0["layers"]?.list?.compactMap(\.string) ?? [] }
        if !layers.isEmpty, let host = record["host"]?.string {
            let removal = VolumeRemoval(context, driver: driver, on: try context.host(named: host))
            let shared = try await removal.holdLayers()
            defer { withExtendedLifetime(shared) {} }
            _ = try await removal.remove([], layers: layers, over: connection)
        }
        return !removed.isEmpty
    }
}
