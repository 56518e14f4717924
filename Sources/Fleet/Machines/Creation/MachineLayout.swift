internal import Hypervisor
internal import Inventory
internal import Values

/// What a VM is to consist of on one host, decided before anything is made.
struct MachineLayout: Sendable {
    /// A volume that is to be made.
    struct Volume: Sendable, Hashable {
        enum Origin: Sendable, Hashable {
            case blank
            /// On top of the image, which lies in the same pool.
            case overlay(StoredImage)
            /// Its bytes, in a format of its own.
            case copy(StoredImage)
            /// On top of a file that is there.
            case backed(VolumeSpec.Backing)
        }

        var pool: String
        var name: String
        /// In bytes.
        var capacity: UInt64
        var format: String
        var isSparse = true
        var origin = Origin.blank

        var image: StoredImage? {
            switch origin {
            case .blank, .backed: nil
            case .overlay(let image), .copy(let image): image
            }
        }
    }

    /// Where a disk's bytes are or will be.
    enum Medium: Sendable, Hashable {
        case made(Volume)
        /// A volume that is there: used, never removed.
        case volume(pool: String, name: String)
        /// A file or a block device that is there.
        case path(String)
        /// A drive with nothing in it.
        case empty
    }

    struct Disk: Sendable, Hashable {
        let request: DiskRequest
        let medium: Medium
    }

    let name: String
    let disks: [Disk]
    /// The pool of the first-boot image; nil where none is wanted.
    let seedPool: String?
    /// With a MAC address each.
    let nics: [NICRequest]

    var seed: String { "\(name)_seed.iso" }

    /// All volumes that are to be made, the first-boot image included, with their pools.
    var volumes: [PoolVolume] {
        disks.compactMap { disk in
            guard case .made(let volume) = disk.medium else { return nil }
            return PoolVolume(pool: volume.pool, name: volume.name)
        } + (seedPool.map { [PoolVolume(pool: $0, name: seed)] } ?? [])
    }

    /// The volumes to be made for disks.
    var made: [Volume] {
        disks.compactMap { if case .made(let volume) = $0.medium { volume } else { nil } }
    }
}

/// A volume by its pool and name.
struct PoolVolume: Sendable, Hashable {
    let pool: String
    let name: String

    /// The refusal to make one that is there already.
    func taken(on host: Host) -> Diagnostic {
        .error(
            "the volume \"\(name)\" exists already in pool \"\(pool)\"",
            hint: "`drover op recover` removes what an interrupted creation left; or choose another name",
            host: host.name)
    }
}

extension MachineLayout {
    /// - Parameters:
    ///   - pools: those of the host, by name.
    ///   - image: the stored image of a word.
    /// - Throws: `Diagnostics` with everything that cannot be.
    init(_ spec: MachineSpec, on host: Host, pools: [String: PoolInfo], image: (String) throws -> StoredImage) throws {
        name = spec.name
        nics = try spec.nics(on: host)
        var problems: [Diagnostic] = []
        var disks: [Disk] = []
        for (position, request) in try spec.disks(on: host).enumerated() {
            let planning = DiskPlanning(spec: spec, host: host, pools: pools, isFirst: position == 0)
            do {
                if let disk = try planning.disk(request, image: image) { disks.append(disk) }
            } catch let found as Diagnostics {
                problems += found.all
            } catch let found as Diagnostic {
                problems.append(found)
            }
        }
        let names = disks.map(\.request.name)
        for name in Set(names) where names.filter({ $0 == name }).count > 1 {
            problems.append(.error("\"\(spec.name)\" has two disks \"\(name)\""))
        }
        if let found = Diagnostics(problems) { throw found }
        self.disks = disks
        let own = disks.lazy.compactMap { if case .made(let volume) = $0.medium { volume.pool } else { nil } }.first
        let holdsFiles = own.flatMap { pools[$0]?.kind?.holdsFiles } ?? false
        seedPool = spec.seed == .cloudInit ? (holdsFiles ? own : nil) ?? MachineParts.standardPool : nil
    }
}

/// Decides about one disk.
private struct DiskPlanning {
    let spec: MachineSpec
    let host: Host
    let pools: [String: PoolInfo]
    let isFirst: Bool

    func disk(_ request: DiskRequest, image: (String) throws -> StoredImage) throws -> MachineLayout.Disk? {
        var request = request
        let pool = request.pool ?? MachineParts.standardPool
        if let source = request.source {
            try refuse(request.backing != nil, request, "uses what is there, and cannot stand on another file besides")
            try refuse(
                source.contains("://"), request, "cannot be a URL",
                hint: "put the file on the host, with file.managed say, and give its path there")
            if source.hasPrefix("/") { return .init(request: request, medium: .path(source)) }
            return .init(request: request, medium: .volume(pool: try known(pool).name, name: source))
        }
        if request.device != .disk {
            let isFilled = request.image != nil || request.size != nil || request.backing != nil
            try refuse(isFilled, request, "is a drive, which has a source or nothing in it")
            return .init(request: request, medium: .empty)
        }
        let own = spec.disks.first { $0.name == request.name || (isFirst && $0.name.isEmpty) }
        let word = own?.image ?? (isFirst ? spec.image : nil) ?? request.image
        if let backing = request.backing {
            try refuse(word != nil, request, "stands either on an image or on a file of the host")
            return try standing(on: backing, request, in: try known(pool))
        }
        guard let word else {
            // Without an image, a system disk that nobody described is none.
            if isFirst, request.size == nil, spec.disks.isEmpty { return nil }
            request.image = nil
            return try blank(request, in: try known(pool))
        }
        request.image = word
        return try made(of: try image(word), request, own: own, in: try known(pool))
    }

    private func refuse(_ isWrong: Bool, _ request: DiskRequest, _ why: String, hint: String? = nil) throws(Diagnostics)
    {
        guard isWrong else { return }
        throw Diagnostics(.error("the disk \"\(request.name)\" of \"\(spec.name)\" \(why)", hint: hint))
    }

    private func standing(
        on backing: VolumeSpec.Backing, _ request: DiskRequest, in pool: PoolInfo
    ) throws(Diagnostics) -> MachineLayout.Disk {
        let canOverlay = pool.kind?.holdsFiles == true && (request.format ?? "qcow2") == "qcow2"
        try refuse(!canOverlay, request, "cannot stand on another file: only a qcow2 volume in a pool of files can")
        guard let size = request.size, size.bytes > 0 else {
            try refuse(true, request, "needs a size", hint: "at least that of \(backing.path)")
            return .init(request: request, medium: .empty)
        }
        return disk(request, in: pool, capacity: size.bytes, origin: .backed(backing))
    }

    private func blank(_ request: DiskRequest, in pool: PoolInfo) throws(Diagnostics) -> MachineLayout.Disk {
        guard let size = request.size, size.bytes > 0 else {
            throw Diagnostics(
                .error(
                    "the disk \"\(request.name)\" of \"\(spec.name)\" has neither a size nor an image",
                    hint: "give it a size, such as --disk name=\(request.name),size=10G"))
        }
        return disk(request, in: pool, capacity: size.bytes, origin: .blank)
    }

    private func made(
        of image: StoredImage, _ request: DiskRequest, own: DiskRequest?, in pool: PoolInfo
    ) throws(Diagnostics) -> MachineLayout.Disk {
        let least = image.header.virtualSize
        if let size = own?.size, size.bytes < least {
            throw Diagnostics(
                .error(
                    "the disk (\(size)) is smaller than the image \"\(image.name)\" (\(ByteSize(bytes: least)))"))
        }
        let canOverlay = pool.kind?.holdsFiles == true && (request.format ?? "qcow2") == "qcow2"
        if request.overlay == true, !canOverlay {
            throw Diagnostics(
                .error(
                    "the disk \"\(request.name)\" of \"\(spec.name)\" cannot stand on its image",
                    detail: "only a qcow2 volume in a pool of files can", hint: "leave out overlay, or add --full-copy")
            )
        }
        let isOverlay = canOverlay && (request.overlay ?? !spec.fullCopy)
        return disk(
            request, in: pool, capacity: max(request.size?.bytes ?? 0, least),
            origin: isOverlay ? .overlay(image) : .copy(image))
    }

    private func disk(
        _ request: DiskRequest, in pool: PoolInfo, capacity: Int, origin: MachineLayout.Volume.Origin
    ) -> MachineLayout.Disk {
        var request = request
        let holdsFiles = pool.kind?.holdsFiles ?? true
        let format = request.format ?? (holdsFiles ? "qcow2" : "raw")
        request.format = format
        let name = "\(spec.name)_\(request.name)" + (holdsFiles ? ".\(format)" : "")
        return .init(
            request: request,
            medium: .made(
                .init(
                    pool: pool.name, name: name, capacity: UInt64(capacity), format: format,
                    isSparse: request.sparse ?? true, origin: origin)))
    }

    private func known(_ name: String) throws(Diagnostics) -> PoolInfo {
        guard let pool = pools[name] else {
            throw Diagnostics(
                .error(
                    "there is no pool \"\(name)\"", detail: "\"\(spec.name)\" asks for it",
                    hint: NearestName.hint(for: name, among: pools.keys.sorted())
                        ?? "make it with `drover pool create`, or name another", host: host.name))
        }
        guard pool.isActive else {
            throw Diagnostics(
                .error(
                    "the pool \"\(name)\" is not active", hint: "start it: drover pool start \(name)", host: host.name))
        }
        return pool
    }
}

extension PoolInfo {
    var kind: PoolSpec.Kind? { PoolSpec.Kind(rawValue: type) }
}

extension PoolSpec.Kind {
    /// Volumes are files of the host.
    var holdsFiles: Bool {
        switch self {
        case .dir, .fs, .netfs, .vstorage: true
        default: false
        }
    }

    /// Volumes are block devices of the host.
    var holdsDevices: Bool {
        switch self {
        case .logical, .disk, .iscsi, .scsi, .mpath, .zfs: true
        default: false
        }
    }
}
