internal import Hypervisor
internal import Inventory
internal import Values

/// What becomes of each disk of a VM in its copy, decided before anything is made.
struct ClonePlan: Sendable {
    enum Way: String, Sendable {
        /// A copy of the volume, made by the host while nobody writes to it.
        case copied
        /// A copy of what the running guest's disk is at one moment.
        case copiedLive
        /// An overlay on the source's disk, which is frozen for it.
        case linked
        /// The first-boot image, made anew.
        case seeded
    }

    struct Disk: Sendable {
        let original: MachineDisk
        let volume: VolumeInfo
        let pool: String
        let name: String
        let way: Way
        var path: String { DiskPath.join(DiskPath.parent(volume.path), name) }
        /// As the source's definition names its own.
        var source: DiskSource {
            switch original.description.source {
            case .volume: .volume(pool: pool, name: name)
            case .block: .block(path)
            default: .file(path)
            }
        }
        var format: String { way == .seeded ? "raw" : volume.format ?? "qcow2" }
    }

    /// Disks that the copy gets of its own; whatever else the source has is shared with it, to be read.
    private(set) var disks: [Disk] = []
    private(set) var warnings: [Diagnostic] = []
    private var problems: [Diagnostic] = []

    /// - Throws: `Diagnostics` with everything that stands against it.
    init(_ held: HeldMachine, _ description: DomainDescription, as name: String, linked: Bool) async throws {
        let connection = held.connection
        if !held.isActive, try await connection.isSaved(held.domain) {
            object("\"\(held.name)\" is saved: its disks alone are not all of it", hint: "start it and shut it down")
        }
        if linked && held.isActive {
            object(
                "\"\(held.name)\" is \(held.found.machine.state.activity.name)",
                hint: "stop it first, or leave out --linked: a full copy can be made while it runs")
        }
        if linked, try await !connection.snapshots(of: held.domain).isEmpty {
            object(
                "\"\(held.name)\" has snapshots, which its disks lose when they are frozen",
                hint: "leave out --linked, or delete the snapshots")
        }
        for disk in try await MachineDisk.all(of: description, over: connection) {
            try await plan(disk, as: name, linked: linked, isActive: held.isActive, connection)
        }
        for disk in disks where try await connection.volume(disk.name, in: disk.pool) != nil {
            object(
                "the volume \"\(disk.name)\" exists already in pool \"\(disk.pool)\"",
                hint: "`drover op recover` removes what an interrupted operation left; or choose another name")
        }
        if let device = description.hostDevices.first {
            warn("both VMs have a \(device)", "only one of them can run")
        }
        if description.hasEmulatedTPM {
            warn("the copy's TPM is empty", "what the source keeps in its TPM stays there")
        }
        for index in problems.indices { problems[index].host = held.found.host.name }
        if let found = Diagnostics(problems) { throw found }
        if !disks.contains(where: { $0.way == .seeded }) {
            warn(
                "\"\(held.name)\" has no first-boot image",
                "the copy's guest has the same host name and the same SSH host keys")
        }
    }

    private mutating func plan(
        _ disk: MachineDisk, as name: String, linked: Bool, isActive: Bool, _ connection: HypervisorConnection
    ) async throws(HypervisorError) {
        if !disk.isWritable {
            guard disk.isOwn, disk.name == MachineDisk.seedPart, let volume = disk.volume, let pool = volume.pool else {
                return
            }
            disks.append(Disk(original: disk, volume: volume, pool: pool, name: "\(name)_seed.iso", way: .seeded))
            return
        }
        if disk.description.isShareable { return }
        guard let volume = disk.volume, let pool = volume.pool else {
            object("the disk \"\(disk.name)\" is in no pool", hint: "take it from the VM first")
            return
        }
        let format = disk.description.format ?? volume.format ?? "raw"
        let kind = try await connection.pool(pool)?.type ?? ""
        if linked || isActive, !PoolFiles.kinds.contains(kind) {
            object(
                "the disk \"\(disk.name)\" is in a pool of type \"\(kind)\"",
                hint: isActive ? "stop the VM first" : "leave out --linked")
        }
        if linked && format != "qcow2" {
            object(
                "the disk \"\(disk.name)\" is \(format), and only qcow2 disks have layers", hint: "leave out --linked")
        }
        let tail = PoolFiles.kinds.contains(kind) ? "." + format : ""
        disks.append(
            Disk(
                original: disk, volume: volume, pool: pool, name: "\(name)_\(disk.name)\(tail)",
                way: linked ? .linked : isActive ? .copiedLive : .copied))
    }

    private mutating func object(_ summary: String, hint: String) {
        problems.append(.error(summary, hint: hint))
    }

    private mutating func warn(_ summary: String, _ detail: String) {
        warnings.append(.warning(summary, detail: detail))
    }
}
