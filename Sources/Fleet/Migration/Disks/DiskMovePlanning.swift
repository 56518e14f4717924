internal import Hypervisor
internal import Inventory
internal import Values

/// Finds out what each file of a VM needs to move to another host; whatever stands against it is kept in ``problems``, all
/// of it at once.
struct DiskMovePlanning {
    let hosts: MigrationHosts
    /// The controller's images, any of which can be brought to the destination.
    let images: [StoredImage]
    let guest: DomainDescription
    let isLive: Bool
    private(set) var problems: [Diagnostic] = []
    /// Pools to make at the destination.
    private(set) var pools: [PoolSpec] = []
    /// What goes with the VM beside its disks.
    private(set) var files: [MigrationPlan.StateFile] = []

    init(hosts: MigrationHosts, images: [StoredImage], guest: DomainDescription, isLive: Bool) {
        self.hosts = hosts
        self.images = images
        self.guest = guest
        self.isLive = isLive
    }

    private var source: MigrationHosts.Side { hosts.source }
    private var destination: MigrationHosts.Side { hosts.destination }

    private mutating func object(_ summary: String, detail: String? = nil, hint: String? = nil, host: Host) {
        problems.append(.error(summary, detail: detail, hint: hint, host: host.name))
    }

    /// - Throws: ``HostProblem`` when a host stops answering.
    mutating func plan() async throws -> [MigrationPlan.Disk] {
        let volumes = PoolVolumeProof(hosts: hosts)
        var placed: [(disk: DiskDescription, path: String)] = []
        for disk in guest.disks {
            switch disk.source {
            case nil: continue
            case .file(let path), .block(let path): placed.append((disk, path))
            case .volume(let pool, let name):
                switch try await volumes.place(of: name, in: pool, disk.target) {
                case .success(let path?): placed.append((disk, path))
                case .success(nil): continue
                case .failure(let found): problems.append(found)
                }
            case .network:
                if let found = try await NetworkDiskProof(hosts: hosts).problem(of: disk, in: guest) {
                    problems.append(found)
                }
            }
        }
        if !isLive { try await refuseStates() }
        let states = MigrationPlan.StateFile.all(of: guest)
        let places =
            placed.map { DiskSurvey.Place(path: $0.path, format: Self.format(of: $0.disk)) }
            + states.map { DiskSurvey.Place(path: $0.path, format: nil) }
        guard places.allSatisfy({ !$0.path.contains("\n") }) else {
            throw Diagnostics(.error("a disk's path has a line break in it", host: source.host.name))
        }
        let survey = try await DiskSurvey.take(places, on: hosts)
        let (here, there) = DiskDecision.comparisons(of: placed, survey, images: images)
        let digests = try await FileDigests(here: here, there: there, on: hosts)
        try await planPools(placed.map(\.path), survey)
        var decision = DiskDecision(
            from: source.host.name, to: destination.host.name, isLive: isLive, survey: survey, digests: digests,
            images: images, folders: Set(pools.compactMap(\.target)))
        var disks: [MigrationPlan.Disk] = []
        for (disk, path) in placed {
            guard var plan = decision.decide(disk, at: path) else { continue }
            plan.isReleased = !DiskDecision.isMedium(disk) || isOwnMedium(disk, path)
            disks.append(plan)
        }
        files = states.compactMap { decision.decide($0.kind, at: $0.path) }
        problems += decision.problems
        if disks.contains(where: \.isFlattened) { Self.flattenAll(&disks) }
        checkSpace(disks, survey)
        // Several disks of one directory say the same of it.
        problems = problems.enumerated().filter { !problems[..<$0.offset].contains($0.element) }.map(\.element)
        return disks
    }

    /// What libvirt keeps of a VM that is off, beside what moves with it.
    private mutating func refuseStates() async throws(HostProblem) {
        let (isSaved, snapshots) = try await source.ask { hypervisor throws(HypervisorError) in
            let domain = DomainReference.uuid(guest.uuid)
            return (try await hypervisor.isSaved(domain), try await hypervisor.snapshots(of: domain))
        }
        if isSaved {
            object(
                "the memory of \"\(guest.name)\" is saved on its host", detail: "it is not moved",
                hint: "start it, and shut it down or migrate it live", host: source.host)
        }
        let outside = snapshots.filter { snapshot in
            !snapshot.disks.allSatisfy { $0.kind == "internal" || $0.kind == "no" }
        }
        guard !outside.isEmpty else { return }
        object(
            "\"\(guest.name)\" has snapshots that are files of their own",
            detail: outside.map(\.name).joined(separator: ", "),
            hint: "merge or delete them with `virsh blockcommit` or `virsh snapshot-delete`", host: source.host)
    }

    /// Media are not probed: what is written in them is the guest's.
    private static func format(of disk: DiskDescription) -> String? {
        DiskDecision.isMedium(disk) ? nil : disk.format ?? "raw"
    }

    /// Of what lies in a drive, only the first-boot image was made for the VM.
    private func isOwnMedium(_ disk: DiskDescription, _ path: String) -> Bool {
        guard guest.metadata?.labels[MachineDisk.foreignLabel(disk.target)] == nil else { return false }
        return MachineDisk.ownPart(DiskPath.lastComponent(path), of: guest.name) == MachineDisk.seedPart
            || guest.metadata?.labels[MachineDisk.keptLabel(disk.target)] == path
    }

    /// One flag holds for all disks of a migration: one that takes in its layers makes all do so.
    private static func flattenAll(_ disks: inout [MigrationPlan.Disk]) {
        for index in disks.indices where disks[index].isMirrored {
            disks[index].plan = .copied
            disks[index].layers = []
            disks[index].isFlattened = true
        }
    }

    private mutating func checkSpace(_ disks: [MigrationPlan.Disk], _ survey: DiskSurvey) {
        var needed: [String: (bytes: UInt64, free: UInt64, path: String)] = [:]
        func need(_ bytes: UInt64, _ path: String) {
            guard let there = survey[path]?.there, let free = there.free else { return }
            needed[there.mount, default: (0, free, path)].bytes += bytes
        }
        for disk in disks where disk.isMoved {
            let whole =
                disk.isFlattened
                ? survey[disk.path]?.here.layers?.dropFirst().compactMap { layer in
                    survey[layer.path]?.here.allocated
                }.reduce(0, +) ?? 0 : 0
            need((disk.plan == .brought ? disk.size : disk.allocated) + whole, disk.path)
            for layer in disk.layers {
                if case .present = layer.origin { continue }
                need(layer.size, layer.path)
            }
        }
        for (bytes, free, path) in needed.values where bytes > free {
            object(
                "too little space in \"\(DiskPath.parent(path))\"",
                detail: "\(bytes >> 20) MiB are needed, \(free >> 20) MiB are free",
                hint: "make room there, or move the VM to another host", host: destination.host)
        }
    }

    /// A directory that is a pool at the source becomes one at the destination, so that all that works on volumes goes on
    /// doing so.
    private mutating func planPools(_ paths: [String], _ survey: DiskSurvey) async throws {
        let folders = Set(
            paths.filter { survey[$0].map { $0.proof != .shared && $0.here.kind == .file } ?? false }
                .map(DiskPath.parent))
        guard !folders.isEmpty else { return }
        let there = try await destination.ask { hypervisor throws(HypervisorError) in try await hypervisor.pools() }
        let here = try await source.ask { hypervisor throws(HypervisorError) in try await hypervisor.pools() }
        for folder in folders.sorted() where !there.contains(where: { $0.path == folder && $0.isActive }) {
            if let same = there.first(where: { $0.path == folder }) {
                guard same.type == "dir" else {
                    // Its directory may be there, and what it stands for not mounted on it.
                    object(
                        "the pool \"\(same.name)\" is off, which \"\(folder)\" belongs to",
                        hint: "start it with `drover pool start \(same.name)`", host: destination.host)
                    continue
                }
                pools.append(PoolSpec(name: same.name, path: folder))
            } else if let pool = here.first(where: { $0.path == folder && $0.type == "dir" }),
                !there.contains(where: { $0.name == pool.name })
            {
                pools.append(PoolSpec(name: pool.name, path: folder))
            }
        }
    }
}

extension MigrationPlan.StateFile {
    /// Those that the VM can have.
    static func all(of guest: DomainDescription) -> [(kind: Kind, path: String)] {
        let nvram = guest.nvram.map { [(Kind.nvram, $0)] } ?? []
        let tpm = guest.hasEmulatedTPM ? [(Kind.tpm, "/var/lib/libvirt/swtpm/\(guest.uuid)")] : []
        return nvram + tpm
    }
}
