package import Hypervisor
package import Inventory
internal import Values

/// The pools, networks and volumes of several hosts, asked at once. A host that does not answer is one of the answers.
package struct StoreListing: Sendable {
    private let context: FleetContext
    private let driver: any HypervisorDriver

    package init(_ context: FleetContext, driver: any HypervisorDriver) {
        self.context = context
        self.driver = driver
    }

    package func pools(_ hosts: [Host]) async -> HostAnswers<[PoolInfo]> {
        await ask(hosts) { connection in try await connection.pools() }
    }

    package func networks(_ hosts: [Host]) async -> HostAnswers<[NetworkInfo]> {
        await ask(hosts) { connection in try await connection.networks() }
    }

    /// The volumes of a pool, or of all running ones.
    package func volumes(_ hosts: [Host], pool: String?) async -> HostAnswers<[VolumeInfo]> {
        await ask(hosts) { connection in
            if let pool { return try await connection.volumes(in: pool) }
            var volumes: [VolumeInfo] = []
            for pool in try await connection.pools() where pool.isActive {
                volumes += try await connection.volumes(in: pool.name)
            }
            return volumes
        }
    }

    /// The leases of a network, or of all running ones that have any.
    package func leases(_ hosts: [Host], network: String?) async -> HostAnswers<[NetworkLease]> {
        await ask(hosts) { connection in
            if let network { return try await connection.leases(of: network) }
            var leases: [NetworkLease] = []
            // One over a bridge of the host's has no DHCP server of libvirt's to ask.
            for network in try await connection.networks()
            where network.isActive && [nil, "nat", "route", "open"].contains(network.forward) {
                leases += try await connection.leases(of: network.name)
            }
            return leases
        }
    }

    private func ask<Answer: Sendable>(
        _ hosts: [Host], _ question: @escaping @Sendable (HypervisorConnection) async throws -> Answer
    ) async -> HostAnswers<Answer> {
        await HostAnswers(hosts, limit: context.parallel, within: context.timeout) { host in
            try await driver.visit(host, question)
        }
    }
}
