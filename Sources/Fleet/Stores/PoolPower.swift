internal import Hypervisor
package import Inventory
internal import Values

/// Starts, stops and refreshes pools of a host.
package struct PoolPower: Sendable {
    private let context: FleetContext
    private let driver: any HypervisorDriver

    package init(_ context: FleetContext, driver: any HypervisorDriver) {
        self.context = context
        self.driver = driver
    }

    package func start(_ name: String, on host: Host) async throws -> StoreOutcome {
        try await change(name, host) { connection, there, outcome in
            guard !there.isActive else { return }
            try await connection.startPool(name)
            outcome.changes.append(.init("state", "inactive", "running"))
        }
    }

    /// Stops a pool; its volumes stay.
    /// - Parameter force: though running VMs have disks in it.
    package func stop(_ name: String, on host: Host, force: Bool) async throws -> StoreOutcome {
        try await change(name, host) { connection, there, outcome in
            guard there.isActive else { return }
            let use = try await StoreUse.read(connection, refreshing: false)
            let users = use.users(ofPool: there).filter(\.isActive)
            guard force || users.isEmpty else {
                throw Diagnostics(
                    StoreUse.refusal(
                        "stop the pool \"\(name)\"", users, hint: "--force stops it all the same", host: host.name))
            }
            try await connection.stopPool(name)
            outcome.changes.append(.init("state", "running", "inactive"))
        }
    }

    /// Has libvirt look at the storage again.
    package func refresh(_ name: String, on host: Host) async throws -> StoreOutcome {
        try await change(name, host) { connection, there, outcome in
            let before = try await connection.volumes(in: name).map(\.name)
            try await connection.refreshPool(name)
            let after = try await connection.volumes(in: name).map(\.name)
            outcome.changes += before.filter { !after.contains($0) }.map { .init($0, "a volume", nil) }
            outcome.changes += after.filter { !before.contains($0) }.map { .init($0, nil, "a volume") }
        }
    }

    /// Sets what is no part of a definition.
    package func setAutostart(_ name: String, _ autostart: Bool, on host: Host) async throws -> StoreOutcome {
        try await change(name, host) { connection, there, outcome in
            guard there.autostart != autostart else { return }
            try await connection.setPoolAutostart(name, autostart)
            outcome.changes.append(.init("autostart", "\(there.autostart)", "\(autostart)"))
        }
    }

    private func change(
        _ name: String, _ host: Host,
        _ body: (HypervisorConnection, PoolInfo, inout StoreOutcome) async throws -> Void
    ) async throws -> StoreOutcome {
        let operation = StoreOperation(context: context, host: host, kind: .pool, name: name)
        return try await driver.visit(host) { connection in
            try await operation.locked {
                guard let there = try await connection.pool(name) else {
                    throw Diagnostics(try await PoolDeletion.missing(name, over: connection, host: host))
                }
                var outcome = StoreOutcome(host.name, name, isPredicted: false)
                try await body(connection, there, &outcome)
                return outcome
            }
        }
    }
}
