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
        try await with(name) { connection, found throws(HypervisorError) in
            if found.machine.state.isActive { return false }
            try await connection.start(.uuid(found.machine.uuid))
            return true
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

    /// What deleting a VM would remove; its base image is not among it.
    package func remains(of name: String) async throws -> (found: MachineCensus.Found, volumes: [String]) {
        let found = try await MachineCensus(context, driver: driver).find(name)
        let connection = try await driver.connect(to: found.host)
        do throws(HypervisorError) {
            let description = try await connection.description(of: .uuid(found.machine.uuid), .inactive)
            let own = description.disks.compactMap { $0.source?.path }.filter {
                DiskPath.lastComponent($0).hasPrefix("\(found.machine.name)_")
            }
            await connection.close()
            return (found, own)
        } catch {
            await connection.close()
            throw HostProblem(error, host: found.host.name)
        }
    }

    /// Removes a VM and the volumes that bear its name.
    /// - Parameter force: stop it first if it runs.
    package func delete(_ found: MachineCensus.Found, volumes: [String], force: Bool) async throws {
        if found.machine.state.isActive && !force {
            throw Diagnostics(
                .error(
                    "\"\(found.machine.name)\" is \(found.machine.state.activity.name)",
                    hint: "stop it first, or add --force", host: found.host.name))
        }
        let lock = try OperationLock(context.directory, machine: found.machine.name)
        defer { withExtendedLifetime(lock) {} }
        let connection = try await driver.connect(to: found.host)
        do throws(HypervisorError) {
            let domain = DomainReference.uuid(found.machine.uuid)
            if let there = try await connection.domain(domain) {
                if there.state.isActive { try await connection.destroy(domain) }
                try await connection.undefine(domain)
            }
            for path in volumes {
                guard let volume = try await connection.volume(path: path), let pool = volume.pool else { continue }
                _ = try await connection.deleteVolume(volume.name, in: pool)
            }
            await connection.close()
        } catch {
            await connection.close()
            throw HostProblem(error, host: found.host.name)
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
