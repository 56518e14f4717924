package import Hypervisor
internal import Values

/// Who uses a host's volumes, pools and networks, as it was when it was read: VMs by their live definitions and by those
/// they start with next, whether they name a path or a pool and a volume, and volumes that stand on others.
package struct StoreUse: Sendable {
    /// A VM, a volume that stands on another, or a pool that may hold one that does.
    package struct User: Sendable, Hashable {
        package enum Kind: Sendable, Hashable {
            case machine, volume
            /// Cannot be looked into, for that reason.
            case pool(String)
        }

        package let name: String
        package let kind: Kind
        package let isActive: Bool
        /// What it uses: a path, a network.
        package let what: String
        /// The host, where it is another one.
        package var host: String?

        package var isMachine: Bool { kind == .machine }

        package var text: String {
            let place = host.map { " on \($0)" } ?? ""
            switch kind {
            case .machine: return "the VM \"\(name)\"\(place) (\(isActive ? "running" : "off")) uses \(what)"
            case .volume: return "the volume \"\(name)\"\(place) stands on \(what)"
            case .pool(let why):
                return "the pool \"\(name)\"\(place) cannot be read, and may hold something of \(what): \(why)"
            }
        }

        /// In a list of users: a VM's name, and of anything else what it is.
        package var label: String {
            switch kind {
            case .machine: name
            case .volume: "volume \(name)"
            case .pool: "pool \(name), which cannot be read"
            }
        }
    }

    /// A pool that runs and does not say what is in it.
    struct Unread: Sendable {
        let pool: PoolInfo
        let problem: HypervisorError
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
                name: references.domain, kind: .machine, isActive: references.isActive, what: what, host: host)
        }
    }

    /// Those of all active pools.
    package let volumes: [VolumeInfo]
    private let machines: [Machine]
    /// What the storage itself calls a pool that has no path on the host, such as one of Ceph.
    private let sourceNames: [String: String]
    private let unread: [Unread]

    /// Asks a host. A pool that answers with an error is counted where it could matter; one that does not answer for some
    /// time fails the whole, because then nothing else does for long.
    /// - Parameters:
    ///   - refreshing: whether libvirt looks again at what is in its pools: others may have put something there. To be done
    ///     before anything is removed.
    ///   - uuid: a VM whose own use does not count.
    package static func read(
        _ connection: HypervisorConnection, refreshing: Bool, besides uuid: String? = nil
    ) async throws(HypervisorError) -> StoreUse {
        let pools = try await connection.answered("list pools") { () throws(HypervisorError) in
            try await connection.pools()
        }
        let contents = await fanOut(pools.filter(\.isActive), limit: 4) { pool in
            do throws(HypervisorError) {
                return (
                    pool,
                    Result<[VolumeInfo], HypervisorError>.success(
                        try await connection.answered("read pool \"\(pool.name)\"") { () throws(HypervisorError) in
                            try await connection.content(of: pool, refreshing: refreshing)
                        })
                )
            } catch {
                return (pool, .failure(error))
            }
        }
        var volumes: [VolumeInfo] = []
        var unread: [Unread] = []
        for (pool, content) in contents {
            do throws(HypervisorError) {
                volumes += try content.get()
            } catch {
                guard !error.isConnectionLoss, error.code != .cancelled else { throw error }
                unread.append(Unread(pool: pool, problem: error))
            }
        }
        var names: [String: String] = [:]
        for pool in pools where ["rbd", "gluster", "sheepdog"].contains(pool.type) {
            names[pool.name] = try await connection.poolDocument(pool.name)?.first("source", "name")?.text
        }
        let machines = try await connection.answered("read the VMs' definitions") { () throws(HypervisorError) in
            try await connection.storeReferences()
        }
        return StoreUse(pools, volumes, machines.filter { $0.uuid != uuid }, names, unread: unread)
    }

    /// Asks a host for its VMs only: who uses a network.
    package static func readMachines(
        _ connection: HypervisorConnection
    ) async throws(HypervisorError) -> StoreUse {
        StoreUse([], [], try await connection.storeReferences(), [:])
    }

    init(
        _ pools: [PoolInfo], _ volumes: [VolumeInfo], _ machines: [StoreReferences], _ sourceNames: [String: String],
        unread: [Unread] = []
    ) {
        self.volumes = volumes
        self.unread = unread
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
                users.append(User(name: volume.name, kind: .volume, isActive: false, what: base))
            }
            rest += above.filter { seen.insert($0.path).inserted }.map { (base, $0.path, $0) }
        }
        for path in paths { users += unread.filter { mayMatter($0.pool, to: path) }.map { Self.user($0, of: path) } }
        return Set(users).sorted { ($0.name, $0.what) < ($1.name, $1.what) }
    }

    /// Whether something in a pool that cannot be read may be, or may stand on, what is at `path`: an overlay of a VM that
    /// is off, or of what many stand on. A running VM's whole chain is in its definition.
    private func mayMatter(_ pool: PoolInfo, to path: String) -> Bool {
        let prefixes = prefixes(of: pool)
        if prefixes.contains(where: { path.hasPrefix($0) }) { return true }
        guard PoolSpec.Kind(rawValue: pool.type)?.holdsOverlays ?? true else { return false }
        if FrozenLayer.isOne(path) || StoredImage.isVolume(path) { return true }
        return machines.contains { machine in
            !machine.references.isActive
                && (machine.references.volumes.contains { $0.pool == pool.name }
                    || machine.paths.contains { used in prefixes.contains { used.hasPrefix($0) } })
        }
    }

    private static func user(_ unread: Unread, of what: String, host: String? = nil) -> User {
        User(
            name: unread.pool.name, kind: .pool(unread.problem.message), isActive: false, what: what, host: host)
    }

    /// For what is removed without anybody's being asked: it is better left for another time.
    /// - Throws: the problem of a pool that cannot be read and may matter to one of `paths`.
    func requireRead(for paths: [String]) throws(HypervisorError) {
        for one in unread where paths.contains(where: { mayMatter(one.pool, to: $0) }) { throw one.problem }
    }

    /// The same for one volume.
    package func users(of volume: VolumeInfo) -> [User] { users(of: [volume.path]) }

    /// The volumes that stand on a path directly.
    package func volumes(on path: String) -> [VolumeInfo] { volumes.filter { $0.backing?.path == path } }

    /// The VMs with something in a pool.
    package func users(ofPool pool: PoolInfo) -> [User] {
        let inside = Set(volumes.filter { $0.pool == pool.name }.map(\.path))
        let prefixes = prefixes(of: pool)
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
        let itself = unread.filter { $0.pool.name == pool.name }.map { Self.user($0, of: "it") }
        return direct + above + itself
    }

    /// How the paths of what is in a pool begin.
    private func prefixes(of pool: PoolInfo) -> [String] {
        // A pool of devices says no more with its path than that they are devices.
        let isFolder = !pool.isActive || !(pool.path.map { $0 == "/dev" || $0.hasPrefix("/dev/disk") } ?? true)
        return [isFolder ? pool.path : nil, sourceNames[pool.name]].compactMap { $0 }.filter { !$0.isEmpty }
            .map { $0 + "/" }
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
            return User(name: volume.name, kind: .volume, isActive: false, what: base, host: host)
        }
        // The same storage has another path there, maybe: any that cannot be read may be it.
        let unknown = unread.filter { PoolSpec.Kind(rawValue: $0.pool.type)?.holdsOverlays ?? true }
        return owners + above + unknown.map { Self.user($0, of: shared.first?.name ?? "", host: host) }
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
        let isKnown = users.contains { if case .pool = $0.kind { false } else { true } }
        return .error(
            "cannot \(act): \(isKnown ? "it is in use" : "it cannot be known whether it is in use")",
            detail: (shown + rest).joined(separator: "\n"), hint: hint, host: host)
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
                // Others may be at work there: it has half of the time that there is.
                if refreshing, !Self.fixed.contains(pool.type) {
                    try await refreshPool(pool.name, patience: patience / 2)
                }
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

    /// How long a question about storage may take.
    private var patience: Duration { timeout * 3 }

    /// A question that libvirt may never answer: a host whose storage hangs says all the same that it is alive.
    /// - Throws: what `body` throws, or that there was no answer in time; `body` is left to itself then.
    func answered<Answer: Sendable>(
        _ operation: String, _ body: @escaping @Sendable () async throws(HypervisorError) -> Answer
    ) async throws(HypervisorError) -> Answer {
        let answer = await within(patience) { () -> Result<Answer, HypervisorError> in
            do throws(HypervisorError) {
                return .success(try await body())
            } catch {
                return .failure(error)
            }
        }
        guard let answer else {
            let isCancelled = Task.isCancelled
            throw HypervisorError(
                code: isCancelled ? .cancelled : .timedOut,
                message: isCancelled ? "cancelled" : "no answer within \(patience.components.seconds) s",
                operation: operation, host: uri.host,
                hint: isCancelled ? nil : "the storage of a pool there may hang, such as a file server that is away")
        }
        return try answer.get()
    }
}
