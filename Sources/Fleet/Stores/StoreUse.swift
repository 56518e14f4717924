package import Hypervisor
internal import Values

/// Who uses a host's volumes, pools and networks, as it was when it was read: VMs by their live definitions and by those
/// they start with next, whether they name a path or a pool and a volume, and volumes that stand on others.
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

    /// A VM, and every path that it names in one way or another.
    private struct Machine: Sendable {
        let references: StoreReferences
        let paths: Set<String>

        func uses(_ path: String) -> Bool {
            // A container's directory is used by whoever has one inside it, too.
            paths.contains(path) || paths.contains { $0.hasPrefix(path + "/") }
        }

        func user(of what: String, host: String? = nil) -> User {
            User(
                name: references.domain, isMachine: true, isActive: references.isActive, what: what, host: host)
        }
    }

    /// Those of all active pools.
    package let volumes: [VolumeInfo]
    private let machines: [Machine]
    /// What the storage itself calls a pool that has no path on the host, such as one of Ceph.
    private let sourceNames: [String: String]

    /// Asks a host.
    /// - Parameters:
    ///   - refreshing: whether libvirt looks again at what is in its pools: others may have put something there. To be done
    ///     before anything is removed.
    ///   - uuid: a VM whose own use does not count.
    package static func read(
        _ connection: HypervisorConnection, refreshing: Bool, besides uuid: String? = nil
    ) async throws(HypervisorError) -> StoreUse {
        let pools = try await connection.pools()
        var volumes: [VolumeInfo] = []
        var names: [String: String] = [:]
        for pool in pools {
            if ["rbd", "gluster", "sheepdog"].contains(pool.type) {
                names[pool.name] = try await connection.poolDocument(pool.name)?.first("source", "name")?.text
            }
            guard pool.isActive else { continue }
            volumes += try await connection.content(of: pool, refreshing: refreshing)
        }
        let machines = try await connection.storeReferences().filter { $0.uuid != uuid }
        return StoreUse(pools, volumes, machines, names)
    }

    /// Asks a host for its VMs only: who uses a network.
    package static func readMachines(
        _ connection: HypervisorConnection
    ) async throws(HypervisorError) -> StoreUse {
        StoreUse([], [], try await connection.storeReferences(), [:])
    }

    private init(
        _ pools: [PoolInfo], _ volumes: [VolumeInfo], _ machines: [StoreReferences], _ sourceNames: [String: String]
    ) {
        self.volumes = volumes
        self.sourceNames = sourceNames
        self.machines = machines.map { machine in
            let named = machine.volumes.compactMap { named in
                volumes.first { $0.pool == named.pool && $0.name == named.name }?.path
                    // One in a pool that is off.
                    ?? pools.first { $0.name == named.pool }?.path.map { DiskPath.join($0, named.name) }
            }
            return Machine(references: machine, paths: machine.paths.union(named))
        }
    }

    /// Who would lose something with all of `paths`: VMs that use one of them, or what stands on one of them through however
    /// many volumes; and volumes of nobody that do. Those of `paths` that stand on others do not count themselves.
    package func users(of paths: [String]) -> [User] {
        var users: [User] = []
        var seen = Set(paths)
        var rest = paths.map { (base: $0, path: $0, volume: nil as VolumeInfo?) }
        while let (base, path, volume) = rest.popLast() {
            let owners = machines.filter { $0.uses(path) }.map { $0.user(of: base) }
            let above = volumes(on: path)
            users += owners
            if let volume, owners.isEmpty, above.allSatisfy({ paths.contains($0.path) }) {
                users.append(User(name: volume.name, isMachine: false, isActive: false, what: base))
            }
            rest += above.filter { seen.insert($0.path).inserted }.map { (base, $0.path, $0) }
        }
        return Set(users).sorted { ($0.name, $0.what) < ($1.name, $1.what) }
    }

    /// The same for one volume.
    package func users(of volume: VolumeInfo) -> [User] { users(of: [volume.path]) }

    /// The volumes that stand on a path directly.
    package func volumes(on path: String) -> [VolumeInfo] { volumes.filter { $0.backing?.path == path } }

    /// The VMs with something in a pool.
    package func users(ofPool pool: PoolInfo) -> [User] {
        let inside = Set(volumes.filter { $0.pool == pool.name }.map(\.path))
        // A pool of devices says no more with its path than that they are devices.
        let isFolder = !pool.isActive || !(pool.path.map { $0 == "/dev" || $0.hasPrefix("/dev/disk") } ?? true)
        let prefixes = [isFolder ? pool.path : nil, sourceNames[pool.name]].compactMap { $0 }.filter { !$0.isEmpty }
            .map { $0 + "/" }
        let direct = machines.compactMap { machine -> User? in
            let paths = machine.paths.filter { path in
                inside.contains(path) || prefixes.contains { path.hasPrefix($0) }
            }
            let named = machine.references.volumes.filter { $0.pool == pool.name }.map(\.name)
            return (Array(paths) + (paths.isEmpty ? named : [])).min().map { machine.user(of: $0) }
        }
        let above = users(of: Array(inside)).filter { user in
            user.isMachine && !direct.contains { $0.name == user.name }
        }
        return direct + above
    }

    /// The VMs with a card on a network.
    package func users(ofNetwork name: String) -> [User] {
        machines.filter { $0.references.networks.contains(name) }.map { $0.user(of: "the network \"\(name)\"") }
    }

    /// Whoever of another host names one of the volumes of shared storage, or stands on it, whatever path it has there.
    func users(elsewhere shared: [VolumeInfo], host: String) -> [User] {
        func isOne(_ path: String) -> Bool { shared.contains { $0.path == path || path.hasSuffix("/" + $0.name) } }
        let owners = machines.compactMap { machine -> User? in
            let named = machine.references.volumes.filter { named in shared.contains { $0.name == named.name } }
            return (machine.paths.filter(isOne) + named.map { "\($0.pool)/\($0.name)" }).min()
                .map { machine.user(of: $0, host: host) }
        }
        let above = volumes.compactMap { volume -> User? in
            guard let base = volume.backing?.path, isOne(base), !isOne(volume.path) else { return nil }
            return User(name: volume.name, isMachine: false, isActive: false, what: base, host: host)
        }
        return owners + above
    }

    /// The frozen layers below a volume, from the top down: what linked clones share.
    func layers(below path: String) -> [String] {
        var layers: [String] = []
        var above = path
        while let base = volumes.first(where: { $0.path == above })?.backing?.path, FrozenLayer.isOne(base),
            !layers.contains(base)
        {
            layers.append(base)
            above = base
        }
        return layers
    }

    /// Overlays before what they stand on, so that what is left is whole whenever it ends.
    static func fromTheTop(_ volumes: [VolumeInfo]) -> [VolumeInfo] {
        var rest = volumes
        var order: [VolumeInfo] = []
        while !rest.isEmpty {
            let bases = Set(rest.compactMap { $0.backing?.path })
            let free = rest.filter { !bases.contains($0.path) }
            if free.isEmpty { return order + rest }
            order += free
            rest.removeAll { volume in free.contains { $0.path == volume.path } }
        }
        return order
    }

    static func refusal(_ act: String, _ users: [User], hint: String? = nil, host: String) -> Diagnostic {
        let shown = users.prefix(10).map { Printable.line($0.text) }
        let rest = users.count > 10 ? ["and \(users.count - 10) more"] : []
        return .error(
            "cannot \(act): it is in use", detail: (shown + rest).joined(separator: "\n"), hint: hint, host: host)
    }
}

extension HypervisorConnection {
    /// Kinds of pools whose volumes are somebody else's disks: nobody makes or deletes any there.
    private static let fixed = ["iscsi", "iscsi-direct", "scsi", "mpath"]

    /// The volumes of a pool that was running. One that was deleted or stopped meanwhile is as if it had been so before; one
    /// that cannot be read may hold anything.
    fileprivate func content(of pool: PoolInfo, refreshing: Bool) async throws(HypervisorError) -> [VolumeInfo] {
        var attempts = 0
        while true {
            do throws(HypervisorError) {
                if refreshing { try await lookAgain(at: pool) }
                return try await volumes(in: pool.name)
            } catch {
                guard [.noPool, .operationInvalid].contains(error.code) else { throw error }
                guard try await self.pool(pool.name)?.isActive == true else { return [] }
                // It was started again.
                attempts += 1
                guard attempts < 5 else { throw error }
            }
        }
    }

    /// Has libvirt look at what is in a pool; waits a little while it is busy with one of its volumes.
    fileprivate func lookAgain(at pool: PoolInfo) async throws(HypervisorError) {
        guard !Self.fixed.contains(pool.type) else { return }
        for attempt in 0... {
            do throws(HypervisorError) {
                return try await refreshPool(pool.name)
            } catch {
                guard error.message.contains("asynchronous jobs") else { throw error }
                guard attempt < 100, !Task.isCancelled else {
                    var problem = error
                    problem.hint = "a volume is being made or copied there: try again when that is done"
                    throw problem
                }
                try? await Task.sleep(for: .milliseconds(200))
            }
        }
    }
}
