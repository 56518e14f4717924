internal import Hypervisor
package import Inventory
package import Values

/// All that is known of one pool, network or volume on each of several hosts.
package struct StoreDetails: Sendable {
    package struct Found: Sendable {
        package let value: Value
        /// libvirt's own definition.
        package let xml: String
    }

    private let context: FleetContext
    private let driver: any HypervisorDriver

    package init(_ context: FleetContext, driver: any HypervisorDriver) {
        self.context = context
        self.driver = driver
    }

    /// Nil for a host without it.
    package func pool(_ name: String, on hosts: [Host]) async -> HostAnswers<Found?> {
        await ask(hosts) { host, connection in
            guard let pool = try await connection.pool(name), let document = try await connection.poolDocument(name)
            else { return nil }
            let users = try await StoreUse.read(connection, refreshing: false).users(ofPool: pool)
            let volumes = pool.isActive ? try await connection.volumes(in: name).count : nil
            var map = Mapping([
                ("name", Value(name)), ("host", Value(host.name)), ("uuid", Value(pool.uuid)),
                ("type", Value(pool.type)), ("state", Value(pool.isActive ? "running" : "inactive")),
                ("autostart", Value(pool.autostart)), ("persistent", Value(pool.isPersistent)),
                ("path", pool.path.map { Value($0) } ?? .null),
                ("capacity_bytes", Value(Int(clamping: pool.capacity))),
                ("allocation_bytes", Value(Int(clamping: pool.allocation))),
                ("available_bytes", Value(Int(clamping: pool.available))),
                ("volumes", volumes.map { Value($0) } ?? .null), ("used_by", Self.names(users)),
            ])
            map["definition"] = PoolSpec(reading: document).map { Value($0.arguments) } ?? .null
            return Found(value: Value(map), xml: try document.written())
        }
    }

    /// Nil for a host without it.
    package func network(_ name: String, on hosts: [Host]) async -> HostAnswers<Found?> {
        await ask(hosts) { host, connection in
            guard let network = try await connection.network(name),
                let document = try await connection.networkDocument(name)
            else { return nil }
            let users = try await StoreUse.readMachines(connection).users(ofNetwork: name)
            var map = Mapping([
                ("name", Value(name)), ("host", Value(host.name)), ("uuid", Value(network.uuid)),
                ("mode", Value(network.forward ?? "isolated")),
                ("state", Value(network.isActive ? "running" : "inactive")), ("autostart", Value(network.autostart)),
                ("persistent", Value(network.isPersistent)), ("bridge", network.bridge.map { Value($0) } ?? .null),
                ("used_by", Self.names(users)),
            ])
            map["definition"] = NetworkSpec(reading: document).map { Value($0.arguments) } ?? .null
            return Found(value: Value(map), xml: try document.written())
        }
    }

    /// Nil for a host without it.
    package func volume(_ name: String, in pool: String, on hosts: [Host]) async -> HostAnswers<Found?> {
        await ask(hosts) { host, connection in
            guard try await connection.pool(pool) != nil,
                let volume = try await connection.volume(name, in: pool),
                let document = try await connection.volumeDocument(name, in: pool)
            else { return nil }
            let users = try await StoreUse.read(connection, refreshing: false).users(of: volume)
            return Found(
                value: Value(
                    Mapping([
                        ("name", Value(name)), ("host", Value(host.name)), ("pool", Value(pool)),
                        ("path", Value(volume.path)), ("type", Value(volume.type)),
                        ("format", volume.format.map { Value($0) } ?? .null),
                        ("capacity_bytes", Value(Int(clamping: volume.capacity))),
                        ("allocation_bytes", Value(Int(clamping: volume.allocation))),
                        ("file_bytes", volume.physical.map { Value(Int(clamping: $0)) } ?? .null),
                        ("backing_store", volume.backing.map { Value($0.path) } ?? .null),
                        ("permissions", Value(volume.permissions.arguments)), ("used_by", Self.names(users)),
                    ])), xml: try document.written())
        }
    }

    private static func names(_ users: [StoreUse.User]) -> Value {
        Value(users.map { Value($0.label) })
    }

    private func ask(
        _ hosts: [Host], _ body: @escaping @Sendable (Host, HypervisorConnection) async throws -> Found?
    ) async -> HostAnswers<Found?> {
        await HostAnswers(hosts, limit: context.parallel, within: context.timeout) { host in
            try await driver.visit(host) { connection in try await body(host, connection) }
        }
    }
}
