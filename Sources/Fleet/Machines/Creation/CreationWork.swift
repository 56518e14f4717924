internal import Hypervisor
internal import Inventory
internal import Values

/// The making of one VM on one host, step by step, each in the journal before it is taken.
struct CreationWork: Sendable {
    let context: FleetContext
    let driver: any HypervisorDriver
    let host: Host
    let connection: HypervisorConnection
    let layout: MachineLayout
    /// Those of the host, by name.
    let pools: [String: PoolInfo]
    let log: OperationLog
    let say: @Sendable (String) -> Void

    /// Makes all volumes.
    /// - Returns: where each disk of the layout is, in its order, and the path of the first-boot image.
    func makeVolumes(
        seed: [(name: String, text: String)]
    ) async throws -> (places: [MachineDefinition.Place], seed: String?) {
        try await refuseTakenVolumes()
        async let disks = makeDisks()
        let image: VolumeInfo? = if let pool = layout.seedPool { try await makeSeed(seed, in: pool) } else { nil }
        let made = try await disks
        var places: [MachineDefinition.Place] = []
        for disk in layout.disks { try await places.append(place(of: disk, made)) }
        return (places, image?.path)
    }

    /// The disks' volumes, by name.
    private func makeDisks() async throws -> [String: VolumeInfo] {
        let bases = try await placeImages()
        return try await withThrowingTaskGroup(of: VolumeInfo.self) { group in
            for volume in layout.made { group.addTask { try await make(volume, bases) } }
            return try await group.reduce(into: [String: VolumeInfo]()) { $0[$1.name] = $1 }
        }
    }

    /// What is there already is somebody's: from here on all that bears these names was made by this operation.
    private func refuseTakenVolumes() async throws {
        for wanted in layout.volumes {
            guard try await connection.volume(wanted.name, in: wanted.pool) != nil else { continue }
            throw Diagnostics(wanted.taken(on: host))
        }
    }

    private func record(making volume: String, in pool: String) throws {
        try log.record("making", Mapping([("volume", Value(volume)), ("pool", Value(pool))]))
    }

    private struct ImagePlace: Hashable {
        let image: StoredImage
        let pool: String
    }

    /// Brings every image to where it is needed. One for a pool that holds no files goes to the standard pool.
    private func placeImages() async throws -> [ImagePlace: VolumeInfo] {
        var bases: [ImagePlace: VolumeInfo] = [:]
        for volume in layout.made {
            guard let image = volume.image else { continue }
            let place = ImagePlace(image: image, pool: imagePool(volume.pool))
            guard bases[place] == nil else { continue }
            bases[place] = try await self.place(place)
        }
        return bases
    }

    private func imagePool(_ pool: String) -> String {
        pools[pool]?.kind?.holdsFiles == true ? pool : MachineParts.standardPool
    }

    private func place(_ place: ImagePlace) async throws -> VolumeInfo {
        if let there = try await connection.volume(place.image.volumeName, in: place.pool) { return there }
        return try await ImageTurns.shared.inTurn("\(host.name)/\(place.pool)/\(place.image.digest)") {
            // A turn ago somebody may have brought it here.
            if try await connection.volume(place.image.volumeName, in: place.pool) == nil {
                _ = try await ImageFeeding(context: context, driver: driver, pool: place.pool, say: say)
                    .feed(place.image, to: host)
            }
            return try await ImagePlacement(connector: context.connector, pool: place.pool).place(
                place.image, on: host, over: connection, willMake: { try record(making: $0, in: place.pool) }
            ) { [say] sent, total in
                say("uploading \(place.image.name) to \(host.name): \(sent * 100 / max(1, total)) %")
            }
        }
    }

    private func make(
        _ volume: MachineLayout.Volume, _ bases: [ImagePlace: VolumeInfo]
    ) async throws -> VolumeInfo {
        var spec = VolumeSpec(
            name: volume.name, capacity: volume.capacity, format: volume.format,
            allocation: volume.isSparse ? nil : volume.capacity)
        let place = PoolVolume(pool: volume.pool, name: volume.name)
        if case .backed(let backing) = volume.origin { spec.backing = backing }
        guard let image = volume.image else {
            return try await log.making(place) { try await connection.createVolume(spec, in: volume.pool) }
        }
        let pool = imagePool(volume.pool)
        guard let base = bases[ImagePlace(image: image, pool: pool)] else {
            throw Diagnostics(.error("the image \"\(image.name)\" is not in pool \"\(pool)\"", host: host.name))
        }
        if case .overlay = volume.origin {
            spec.backing = VolumeSpec.Backing(path: base.path, format: image.header.format.rawValue)
            return try await log.making(place) { try await connection.createVolume(spec, in: volume.pool) }
        }
        let made = try await log.making(place) {
            try await connection.cloneVolume(base.name, from: pool, as: spec, in: volume.pool)
        }
        if made.capacity < volume.capacity {
            try await connection.resizeVolume(volume.name, in: volume.pool, to: volume.capacity)
        }
        return made
    }

    private func makeSeed(_ pieces: [(name: String, text: String)], in pool: String) async throws -> VolumeInfo {
        let image = try await SeedImage(pieces)
        let length = UInt64(DiskPath.size(image.path) ?? 0)
        let volume = try await log.making(PoolVolume(pool: pool, name: layout.seed)) {
            try await connection.createVolume(
                VolumeSpec(name: layout.seed, capacity: length, format: "raw", mode: 0o600), in: pool)
        }
        try await connection.upload(image.path, to: layout.seed, in: pool)
        return volume
    }

    private func place(
        of disk: MachineLayout.Disk, _ made: [String: VolumeInfo]
    ) async throws -> MachineDefinition.Place {
        switch disk.medium {
        case .empty: return .empty
        case .path(let path): return MachineDefinition.Place(existing: path, format: disk.request.format)
        case .made(let planned):
            let found: VolumeInfo
            if let known = made[planned.name] {
                found = known
            } else {
                found = try await volume(planned.name, in: planned.pool)
            }
            return .init(found, in: pools[planned.pool], format: planned.format)
        case .volume(let pool, let name):
            let found = try await volume(name, in: pool)
            let format = disk.request.device == .cdrom ? "raw" : disk.request.format ?? found.format ?? "raw"
            return .init(found, in: pools[pool], format: format)
        }
    }

    private func volume(_ name: String, in pool: String) async throws -> VolumeInfo {
        if let found = try await connection.volume(name, in: pool) { return found }
        throw Diagnostics(
            .error(
                "there is no volume \"\(name)\" in pool \"\(pool)\"",
                hint: "`drover pool volume list \(pool)` shows those that are there", host: host.name))
    }

    /// Writes first-boot configuration into the system disk, where it is not given as an image.
    func seedOffline(_ boot: FirstBoot, into places: [MachineDefinition.Place]) async throws {
        guard boot.isOffline else { return }
        guard let disk = places.first, let path = disk.source?.path else {
            throw Diagnostics(
                .error(
                    "\"\(boot.spec.name)\" has no disk on \(host.name) that could be written into",
                    hint: "use --seed cloud-init, or --seed none"))
        }
        say("writing first-boot configuration into the disk")
        try log.record(OperationRecord.seeding)
        try await OfflineSeed(context, host: host, instance: boot.instance)
            .apply(boot, to: path, format: disk.format)
    }

    /// Defines the VM, and starts it as far as it is to be.
    func define(_ document: XMLElement, uuid: String, spec: MachineSpec) async throws {
        say("starting \(spec.name)")
        let text = try document.written()
        try log.record(OperationRecovery.defining)
        try await connection.define(xml: text)
        if spec.autostart { try await connection.setAutostart(.uuid(uuid), true) }
        try Task.checkCancellation()
        if spec.startState != .stopped {
            // From here on the VM may have been in use, whatever becomes of this process.
            try log.record("starting")
            try await connection.start(.uuid(uuid), paused: spec.startState == .paused)
        }
        try log.record("finished")
    }

    /// Takes back what was made; runs to its end though the task was cancelled.
    /// - Returns: what is to be thrown instead of `error`.
    func undo(after error: any Error, by driver: any HypervisorDriver) async -> any Error {
        await Undoing(driver: driver, host: host, log: log).after(error, over: connection) { connection in
            guard let record = Journal(context.directory).operation(log.id), let remnants = MachineRemnants(record)
            else { throw Diagnostics(.error("the journal of \(log.id) is incomplete")) }
            if record.hasSeeded { try await OfflineSeed(context, host: host, instance: remnants.uuid).release() }
            try await remnants.remove(over: connection)
            try log.record("undone")
        }
    }
}

extension MachineDefinition.Place {
    /// Of a drive with nothing in it.
    static let empty = MachineDefinition.Place(source: nil, format: "raw")

    /// A file or a block device of the host by its path.
    init(existing path: String, format: String?) {
        let isDevice = path.hasPrefix("/dev/")
        let isQCOW2 = path.hasSuffix(".qcow2") || path.hasSuffix(".qcow")
        self.init(
            source: isDevice ? .block(path) : .file(path), format: format ?? (isQCOW2 && !isDevice ? "qcow2" : "raw"))
    }

    /// A volume of a pool.
    init(_ volume: VolumeInfo, in pool: PoolInfo?, format: String) {
        self.init(source: .init(volume.name, path: volume.path, in: pool), format: format)
    }
}

extension DiskSource {
    init(_ volume: String, path: String, in pool: PoolInfo?) {
        guard let pool, let kind = pool.kind, !kind.holdsFiles else {
            self = .file(path)
            return
        }
        self = kind.holdsDevices ? .block(path) : .volume(pool: pool.name, name: volume)
    }
}
