internal import Hypervisor
internal import Inventory
internal import Values

/// Makes the disks of a copy, each written down before it is made.
struct CloneDisks {
    let held: HeldMachine
    let plan: ClonePlan
    let files: PoolFiles
    let log: OperationLog
    let say: @Sendable (String) -> Void

    private var connection: HypervisorConnection { held.connection }

    func make() async throws {
        for disk in plan.disks {
            try Task.checkCancellation()
            switch disk.way {
            case .copied: try await copy(disk)
            case .linked:
                let base = try await base(of: disk)
                try await make(VolumeSpec(name: disk.name, capacity: disk.volume.capacity, backing: base), disk)
            case .copiedLive, .seeded: break
            }
        }
        if plan.disks.contains(where: { $0.way == .copied }) { try await refuseStarted() }
        try await copyLive(plan.disks.filter { $0.way == .copiedLive })
    }

    /// What was copied under a guest that writes is no copy.
    private func refuseStarted() async throws {
        guard !held.isActive, try await connection.domain(held.domain)?.state.isActive != false else { return }
        throw Diagnostics(
            .error(
                "\"\(held.name)\" was started while its disks were copied", hint: "run the command again",
                host: held.found.host.name))
    }

    func make(_ spec: VolumeSpec, _ disk: ClonePlan.Disk) async throws {
        try await log.making(PoolVolume(pool: disk.pool, name: disk.name)) {
            _ = try await connection.createVolume(spec, in: disk.pool)
        }
    }

    /// On the same image where it is one that never changes; else all in one.
    private func copy(_ disk: ClonePlan.Disk) async throws {
        say("copying \(disk.volume.name)")
        let backing = disk.volume.backing.flatMap { StoredImage.isVolume($0.path) ? $0 : nil }
        let spec = VolumeSpec(name: disk.name, capacity: disk.volume.capacity, format: disk.format, backing: backing)
        try await log.making(PoolVolume(pool: disk.pool, name: disk.name)) {
            _ = try await connection.cloneVolume(disk.volume.name, as: spec, in: disk.pool)
        }
    }

    /// What a linked copy stands on: the source's own base while the source has written nothing, else its disk, which
    /// becomes a layer that nobody writes to; the source goes on in a new overlay on it.
    private func base(of disk: ClonePlan.Disk) async throws -> VolumeSpec.Backing {
        let path = disk.volume.path
        if let base = disk.volume.backing, FrozenLayer.isOne(base.path) || StoredImage.isVolume(base.path),
            try await !files.hasOwnData(path)
        {
            return base
        }
        say("freezing \(disk.volume.name)")
        let layer = DiskPath.join(DiskPath.parent(path), FrozenLayer.name(String(Nonce.make().prefix(12))))
        try log.record("freezing", PoolFiles.Move(from: path, to: layer).value.map ?? Mapping())
        try await files.move([PoolFiles.Move(from: path, to: layer)])
        try await files.freeze(layer)
        // Before there is an overlay in the disk's place, it can still be given back.
        try await refuseStarted()
        try await connection.refreshPool(disk.pool)
        let backing = VolumeSpec.Backing(path: layer, format: "qcow2")
        _ = try await connection.createVolume(
            VolumeSpec(name: disk.volume.name, capacity: disk.volume.capacity, backing: backing), in: disk.pool)
        try log.record("frozen")
        return backing
    }

    /// All disks as they are at one moment, while the guest goes on.
    private func copyLive(_ disks: [ClonePlan.Disk]) async throws {
        guard !disks.isEmpty else { return }
        for disk in disks {
            try await make(VolumeSpec(name: disk.name, capacity: disk.volume.capacity, format: disk.format), disk)
        }
        let targets = disks.map(\.original.target)
        let others = plan.disks.map(\.original.target).filter { !targets.contains($0) }
        _ = try await LiveCopy(held: held, log: log, say: say).make(
            disks.map { ($0.original.target, $0.path, $0.format) }, others: others)
    }
}

/// Takes back what a copy that did not come about has made.
struct CloneRemnants {
    let record: OperationRecord
    let connection: HypervisorConnection
    let files: PoolFiles

    /// Runs to its end, or throws at what it cannot take back; to be tried again then.
    func remove() async throws {
        if let source = record["source_uuid"]?.string {
            try await LiveCopy.letGo(of: .uuid(source), record, over: connection)
        }
        if let uuid = record["uuid"]?.string, let there = try await connection.domain(.uuid(uuid)) {
            if there.state.isActive { try await connection.destroy(.uuid(uuid)) }
            try await connection.undefine(.uuid(uuid))
        }
        try await MadeVolumes(record).remove(over: connection)
        let made = record.madeFiles
        if !made.isEmpty {
            let use = try await StoreUse.read(connection, refreshing: false)
            try use.requireRead(for: made)
            let used = use.users(of: made).map(\.what)
            try await files.remove(made.filter { !used.contains($0) })
        }
        try await unfreeze()
    }

    /// The source's disk gets its place back, unless there is a new overlay in it: then the layer is below the source's
    /// disk, which may have been written to.
    private func unfreeze() async throws {
        for step in record.steps {
            guard let move = PoolFiles.Move(Value(step)) else { continue }
            guard try await files.existing([move.from, move.to]) == [move.to] else { continue }
            try await files.move([move.reversed])
            try await files.thaw(move.from)
            for pool in try await connection.pools() where pool.path == DiskPath.parent(move.from) {
                try await connection.refreshPool(pool.name)
            }
        }
    }
}

extension HypervisorConnection {
    /// Deletes a volume, waiting for a call of a process that is gone to end with it.
    func removeVolume(_ name: String, in pool: String) async throws(HypervisorError) {
        for _ in 0..<240 {
            do throws(HypervisorError) {
                try await deleteVolume(name, in: pool)
                return
            } catch {
                // "still being allocated", "still in use": libvirt lets go when the call has ended.
                guard error.code == .operationInvalid else { throw error }
                try? await Task.sleep(for: .milliseconds(500))
            }
        }
        try await deleteVolume(name, in: pool)
    }
}
