internal import Hypervisor
internal import Inventory
internal import Values

/// Starting and stopping VMs, and removing them with what is theirs.
package struct MachinePower: Sendable {
    private let context: FleetContext
    private let driver: any HypervisorDriver

    package init(_ context: FleetContext, driver: any HypervisorDriver) {
        self.context = context
        self.driver = driver
    }

    /// Starts a VM. One that runs already is left alone.
    /// - Returns: whether anything was done.
    package func start(_ name: String) async throws -> Bool {
        // Started here while another host has it too, it would run twice.
        let found = try await MachineCensus(context, driver: driver).findSurely(name)
        if found.machine.state.isActive { return false }
        let lock = try OperationLock(context.directory, machine: found.machine.name)
        defer { withExtendedLifetime(lock) {} }
        try Journal(context.directory).refuseUnsettled(found.machine.uuid)
        let connection = try await driver.connect(to: found.host)
        do throws(HypervisorError) {
            try await connection.start(.uuid(found.machine.uuid))
            await connection.close()
            return true
        } catch {
            await connection.close()
            throw HostProblem(error, host: found.host.name)
        }
    }

    /// Asks the guest to shut down and waits for it.
    /// - Parameter seconds: how long; 0 does not wait.
    /// - Returns: whether it is off.
    package func stop(_ name: String, within seconds: Int) async throws -> Bool {
        try await with(name) { connection, found throws(HypervisorError) in
            let domain = DomainReference.uuid(found.machine.uuid)
            guard found.machine.state.isActive else { return true }
            try await connection.shutdown(domain)
            let end = Clock.monotonic + UInt64(seconds) * 1_000_000_000
            while Clock.monotonic < end {
                if try await !connection.state(domain).isActive { return true }
                try? await Task.sleep(for: .milliseconds(250))
                if Task.isCancelled { return false }
            }
            return try await !connection.state(domain).isActive
        }
    }

    /// Pulls the plug.
    package func kill(_ name: String) async throws {
        _ = try await with(name) { connection, found throws(HypervisorError) in
            if found.machine.state.isActive { try await connection.destroy(.uuid(found.machine.uuid)) }
            return true
        }
    }

    /// What deleting a VM would remove: the volumes that Drover makes for a VM of that name, in its pool. Its base image,
    /// and whatever else is attached to it, is not among it.
    package func remains(of name: String) async throws -> (found: MachineCensus.Found, volumes: [String]) {
        let found = try await MachineCensus(context, driver: driver).find(name)
        let parts = MachineParts(name: found.machine.name, uuid: found.machine.uuid)
        let connection = try await driver.connect(to: found.host)
        do throws(HypervisorError) {
            let description = try await connection.description(of: .uuid(found.machine.uuid), .inactive)
            let attached = description.disks.compactMap { $0.source?.path }
            await connection.close()
            return (found, parts.volumes.map { DiskPath.join(parts.poolPath, $0) }.filter(attached.contains))
        } catch {
            await connection.close()
            throw HostProblem(error, host: found.host.name)
        }
    }

    /// Removes a VM and the volumes that are its own.
    /// - Parameter force: stop it first if it runs.
    package func delete(_ found: MachineCensus.Found, volumes: [String], force: Bool) async throws {
        let machine = found.machine
        let lock = try OperationLock(context.directory, machine: machine.name)
        defer { withExtendedLifetime(lock) {} }
        let journal = Journal(context.directory)
        // Asked again under the lock: it may have been moved or started since its user was asked.
        let now = try await MachineCensus(context, driver: driver).findSurely(machine.uuid)
        guard now.host.name == found.host.name else {
            throw Diagnostics(.error("\"\(machine.name)\" has moved to \(now.host.name) meanwhile", hint: "try again"))
        }
        if now.machine.state.isActive && !force {
            throw Diagnostics(
                .error(
                    "\"\(machine.name)\" is \(now.machine.state.activity.name)",
                    hint: "stop it first, or add --force", host: found.host.name))
        }
        try journal.refuseUnsettled(machine.uuid)
        let connection = try await driver.connect(to: found.host)
        do {
            let log = try journal.begin(
                "delete",
                Mapping([
                    ("vm", Value(machine.name)), ("uuid", Value(machine.uuid)), ("host", Value(found.host.name)),
                    ("volumes", Value(volumes.map { Value($0) })),
                ]))
            if let there = try await connection.domain(.uuid(machine.uuid)) {
                if there.state.isActive { try await connection.destroy(.uuid(machine.uuid)) }
                try await connection.undefine(.uuid(machine.uuid))
            }
            try await Self.removeVolumes(volumes, over: connection)
            try log.record("finished")
            await connection.close()
        } catch let error as HypervisorError {
            await connection.close()
            throw HostProblem(error, host: found.host.name)
        } catch {
            await connection.close()
            throw error
        }
    }

    static func removeVolumes(_ paths: [String], over connection: HypervisorConnection) async throws(HypervisorError) {
        for path in paths {
            guard let volume = try await connection.volume(path: path), let pool = volume.pool else { continue }
            _ = try await connection.deleteVolume(volume.name, in: pool)
        }
    }

    private func with(
        _ name: String,
        _ body: (HypervisorConnection, MachineCensus.Found) async throws(HypervisorError) -> Bool
    ) async throws -> Bool {
        let found = try await MachineCensus(context, driver: driver).find(name)
        let connection = try await driver.connect(to: found.host)
        do throws(HypervisorError) {
            let answer = try await body(connection, found)
            await connection.close()
            return answer
        } catch {
            await connection.close()
            throw HostProblem(error, host: found.host.name)
        }
    }
}
