internal import Hypervisor
internal import Inventory
package import Values

/// Removes VMs with what is theirs.
package struct MachineDeletion: Sendable {
    private let context: FleetContext
    private let driver: any HypervisorDriver

    package init(_ context: FleetContext, driver: any HypervisorDriver) {
        self.context = context
        self.driver = driver
    }

    /// What deleting a VM would remove.
    package struct Remains: Sendable {
        package let found: MachineCensus.Found
        /// The paths of the volumes that were made for it, in whatever pool. Its base images, and whatever else is attached
        /// to it, are not among them.
        package let volumes: [String]
        /// Those of its own that would stay, because they cannot be reached now.
        package let warnings: [Diagnostic]
    }

    package func remains(of name: String) async throws -> Remains {
        let found = try await MachineCensus(context, driver: driver).find(name)
        let connection = try await driver.connect(to: found.host)
        do throws(HypervisorError) {
            let remains = try await Self.remains(of: found, over: connection)
            await connection.close()
            return remains
        } catch {
            await connection.close()
            throw HostProblem(error, host: found.host.name)
        }
    }

    private static func remains(
        of found: MachineCensus.Found, over connection: HypervisorConnection
    ) async throws(HypervisorError) -> Remains {
        let description = try await connection.description(of: .uuid(found.machine.uuid), .inactive)
        let disks = try await MachineDisk.all(of: description, over: connection).filter(\.isOwn)
        let tree = [ContainerTree.own(of: found.machine)].compactMap { $0 }
        return Remains(
            found: found, volumes: disks.compactMap { $0.volume?.path } + tree,
            warnings: disks.filter { $0.volume == nil }.map { staying($0, found) })
    }

    private static func staying(_ disk: MachineDisk, _ found: MachineCensus.Found) -> Diagnostic {
        .warning(
            "the disk \"\(disk.name)\" of \"\(found.machine.name)\" would stay: it is in no pool that is active",
            detail: disk.description.source?.text, hint: "start its pool first: `drover pool start NAME`",
            host: found.host.name)
    }

    /// Removes a VM and the volumes that are its own.
    /// - Parameters:
    ///   - volumes: what its user was told would go with it.
    ///   - force: stop it first if it runs.
    ///   - assumedAbsent: hosts that do not answer and yet are said to have, and to use, nothing of it; nil where nobody can
    ///     say so.
    /// - Returns: why a volume was kept after all.
    /// - Throws: `Diagnostics` when it is not any more what its user was told.
    package func delete(
        _ found: MachineCensus.Found, volumes: [String], force: Bool, assumedAbsent: [String]? = nil
    ) async throws -> [Diagnostic] {
        // Asked again, of every host: it may have been moved or started since its user was asked.
        let now = try await MachineCensus(context, driver: driver)
            .findSurely(found.machine.uuid, assumedAbsent: assumedAbsent)
        guard now.host.name == found.host.name else {
            throw Diagnostics(
                .error("\"\(found.machine.name)\" has moved to \(now.host.name) meanwhile", hint: "try again"))
        }
        return try await MachineHold(context, driver: driver).with(now, for: "delete") { held in
            if held.isActive && !force {
                throw Diagnostics(
                    .error(
                        "\"\(held.name)\" is \(held.found.machine.state.activity.name)",
                        hint: "stop it first, or add --force", host: found.host.name))
            }
            let remains = try await Self.remains(of: held.found, over: held.connection)
            guard held.name == found.machine.name, Set(remains.volumes) == Set(volumes) else {
                throw Diagnostics(
                    .error(
                        "\"\(found.machine.name)\" has changed meanwhile",
                        detail: held.name == found.machine.name
                            ? "other volumes are its own now" : "its name is \"\(held.name)\" now",
                        hint: "try again", host: found.host.name))
            }
            return try await delete(
                held, volumes,
                VolumeRemoval(context, driver: driver, on: found.host, assumedAbsent: assumedAbsent))
        }
    }

    private func delete(
        _ held: HeldMachine, _ volumes: [String], _ removal: VolumeRemoval
    ) async throws -> [Diagnostic] {
        let host = held.found.host
        let use = try await removal.refuseUsed(
            volumes, to: "delete \"\(held.name)\"", besides: held.found.machine.uuid, over: held.connection)
        try await ContainerTree.refuseUsed(volumes, by: held.found.machine.uuid, on: host, over: held.connection)
        let layers = volumes.flatMap { use.layers(below: $0) }
        let shared = layers.isEmpty ? nil : try await removal.holdLayers()
        defer { withExtendedLifetime(shared) {} }
        let log = try Journal(context.directory).begin(
            "delete",
            held.fields(("volumes", Value(volumes.map { Value($0) })), ("layers", Value(layers.map { Value($0) }))))
        do throws(HypervisorError) {
            if held.isActive { try await held.connection.destroy(held.domain) }
            try await held.connection.undefine(held.domain)
            try? log.record(OperationRecovery.undefined)
        } catch {
            // Refused: the VM is there still, with all that is its own.
            if !error.leavesEndUnknown { try? log.record("undone") }
            throw error
        }
        let kept = try await removal.remove(volumes, layers: layers, over: held.connection)
        try log.recordKept(kept)
        try await ContainerTree.remove(volumes, on: host, by: context.connector)
        try log.record("finished")
        return kept
    }
}
