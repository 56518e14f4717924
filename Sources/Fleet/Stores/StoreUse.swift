package import Hypervisor
package import Values

/// Who uses a host's volumes and networks. VMs that are off count too.
package struct StoreUse: Sendable {
    /// A VM, or a volume that stands on another.
    package struct User: Sendable, Hashable {
        package let name: String
        package let isMachine: Bool
        package let isActive: Bool
        /// What it uses: a path, a network.
        package let what: String
        /// The host, where it is another one.
        package var host: String?

        package var text: String {
            let place = host.map { " on \($0)" } ?? ""
            guard isMachine else { return "the volume \"\(name)\"\(place) stands on \(what)" }
            return "the VM \"\(name)\"\(place) (\(isActive ? "running" : "off")) uses \(what)"
        }
    }

    private let connection: HypervisorConnection

    package init(over connection: HypervisorConnection) { self.connection = connection }

    /// The VMs with a disk in a pool.
    package func users(ofPool pool: PoolInfo) async throws(HypervisorError) -> [User] {
        let volumes = pool.isActive ? try await connection.volumes(in: pool.name) : []
        let paths = Set(volumes.map(\.path))
        let document = try await connection.poolDocument(pool.name)
        // A pool that is off cannot be asked what is in it.
        let prefixes = [pool.path, document?.first("source", "name")?.text].compactMap { $0 }.filter { !$0.isEmpty }
            .map { $0 + "/" }
        return try await connection.storeReferences().compactMap { machine in
            let named = machine.paths.filter { path in
                paths.contains(path) || (!pool.isActive && prefixes.contains { path.hasPrefix($0) })
            }
            let volumes = machine.volumes.filter { $0.pool == pool.name }.map(\.name)
            guard let what = (named + volumes).min() else { return nil }
            return User(name: machine.domain, isMachine: true, isActive: machine.isActive, what: what)
        }
    }

    /// The VMs that use a volume, or one that stands on it, and the volumes that do so themselves.
    package func users(of volume: VolumeInfo) async throws(HypervisorError) -> [User] {
        var above: [VolumeInfo] = []
        for pool in try await connection.pools() where pool.isActive {
            above += try await connection.volumes(in: pool.name).filter { $0.backing?.path == volume.path }
        }
        let machines = try await connection.storeReferences().filter { machine in
            machine.paths.contains(volume.path)
                || machine.volumes.contains { $0.pool == volume.pool && $0.name == volume.name }
        }
        return machines.map { User(name: $0.domain, isMachine: true, isActive: $0.isActive, what: volume.path) }
            + above.map { User(name: $0.name, isMachine: false, isActive: false, what: volume.path) }
    }

    /// The VMs with a card on a network.
    package func users(ofNetwork name: String) async throws(HypervisorError) -> [User] {
        try await connection.storeReferences().filter { $0.networks.contains(name) }.map {
            User(name: $0.domain, isMachine: true, isActive: $0.isActive, what: "the network \"\(name)\"")
        }
    }

    /// The VMs of another host that name a volume of shared storage, whatever path it has there.
    func users(elsewhere volume: VolumeInfo, host: String) async throws(HypervisorError) -> [User] {
        try await connection.storeReferences().compactMap { machine in
            let path = machine.paths.first { $0 == volume.path || $0.hasSuffix("/" + volume.name) }
            let named = machine.volumes.first { $0.name == volume.name }.map { "\($0.pool)/\($0.name)" }
            guard let what = path ?? named else { return nil }
            return User(name: machine.domain, isMachine: true, isActive: machine.isActive, what: what, host: host)
        }
    }

    static func refusal(_ act: String, _ users: [User], hint: String? = nil, host: String) -> Diagnostic {
        let shown = users.prefix(10).map { Printable.line($0.text) }
        let rest = users.count > 10 ? ["and \(users.count - 10) more"] : []
        return .error(
            "cannot \(act): it is in use", detail: (shown + rest).joined(separator: "\n"), hint: hint, host: host)
    }
}
