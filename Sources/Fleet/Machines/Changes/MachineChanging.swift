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
    package func change(
        _ name: String, _ request: ChangeRequest, assumedAbsent: [String]? = nil
    ) async throws -> [MachineChange] {
        try request.validate()
        let census = MachineCensus(context, driver: driver)
        return try await change(
            try await census.findSurely(name, assumedAbsent: assumedAbsent), request, assumedAbsent: assumedAbsent)
    }

    /// The same for one that was found, by who knows that no other host has it.
    func change(
        _ found: MachineCensus.Found, _ request: ChangeRequest, assumedAbsent: [String]? = nil
    ) async throws -> [MachineChange] {
        try request.validate()
        return try await MachineHold(context, driver: driver).with(found, for: "change") { held in
            if held.isActive, request.isLive, request.changesDevices { try held.found.host.require(.liveChange) }
            if request.needsDisks { try held.found.host.require(.disks) }
            try await NICPlaces(held: held, connector: context.connector).check(request.addedNICs)
            let removal = VolumeRemoval(context, driver: driver, on: found.host, assumedAbsent: assumedAbsent)
            let log = try Journal(context.directory).begin("change", held.fields())
            var changes: [MachineChange] = []
            do {
                try await perform(request, held, removal, log, &changes)
                try log.record("finished")
                return changes
            } catch {
                throw await undo(
                    after: MachineChange.told(error, after: changes, on: found.host), held, removal, log,
                    end: changes.isEmpty ? "undone" : "finished")
            }
        }
    }

    /// Takes back what is nobody's; what stays because somebody uses it is told with the error.
    private func undo(
        after error: any Error, _ held: HeldMachine, _ removal: VolumeRemoval, _ log: OperationLog,
        end: String
    ) async -> any Error {
        let (host, domain) = (held.found.host, held.domain)
        let told = await Undoing(driver: driver, host: host, log: log).after(error, over: held.connection) {
            connection in
            guard let record = Journal(context.directory).operation(log.id) else { return }
            if error.leavesEndUnknown, try await connection.domain(domain) != nil {
                try await connection.waitForJobs(domain)
            }
            _ = try await ChangeLeftovers(record: record, removal: removal, log: log).remove(over: connection)
            try log.record(end)
        }
        var problem = HostProblem(told, host: host.name)
        let kept = (Journal(context.directory).operation(log.id)?.kept ?? []).map(\.summary)
            .filter { $0 != problem.diagnostic.summary }
        guard !kept.isEmpty, !(told is OperationUnsettled) else { return told }
        problem.diagnostic.detail = ([problem.diagnostic.detail].compactMap { $0 } + kept).joined(separator: "\n")
        return problem
    }

    private func perform(
        _ request: ChangeRequest, _ held: HeldMachine, _ removal: VolumeRemoval, _ log: OperationLog,
        _ changes: inout [MachineChange]
    ) async throws {
        let order = try await lostBootOrder(request, held)
        let files = PoolFiles(host: held.found.host, connector: context.connector)
        let devices = DeviceChanges(
            held: held, isLive: request.isLive, patience: request.patience, files: files,
            removal: removal, log: log, say: say)
        for word in request.removedDisks {
            changes.append(try await devices.removeDisk(word, deletingVolume: request.deletesVolumes))
        }
        for disk in request.addedDisks { changes.append(try await devices.add(disk)) }
        for word in request.removedNICs { changes.append(try await devices.removeNIC(word)) }
        for nic in request.addedNICs { changes.append(try await devices.add(nic)) }
        if let iso = request.iso, let change = try await devices.insert(iso == "none" ? nil : iso) {
            changes.append(change)
        }
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

    /// What was made and is not the VM's goes; what was being taken from it and is its still stays.
    func settle(_ record: OperationRecord) async throws -> String {
        let log = Journal(context.directory).resume(record)
        return try await MachineHold(context, driver: driver).settling(record) { connection, machine in
            if let machine { try await connection.waitForJobs(.uuid(machine.uuid)) }
            let host = try context.host(named: record["host"]?.string ?? "")
            let leftovers = ChangeLeftovers(
                record: record, removal: VolumeRemoval(context, driver: driver, on: host), log: log)
            let end = try await leftovers.remove(over: connection) ? "undone" : "finished"
            try log.record(end)
            return end
        }
    }
}
