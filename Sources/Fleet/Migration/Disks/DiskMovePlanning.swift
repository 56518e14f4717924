internal import Hypervisor
internal import Inventory
internal import Values

/// Decides for each disk of a VM what moving it to another host needs; whatever stands against it is kept in
/// ``problems``, all of it at once.
struct DiskMovePlanning {
    let hosts: MigrationHosts
    /// The controller's images, any of which can be brought to the destination.
    let images: [StoredImage]
    private(set) var problems: [Diagnostic] = []
    /// Pools to make at the destination.
    private(set) var pools: [PoolSpec] = []

    init(hosts: MigrationHosts, images: [StoredImage]) {
        self.hosts = hosts
        self.images = images
    }

    private var source: MigrationHosts.Side { hosts.source }
    private var destination: MigrationHosts.Side { hosts.destination }

    private mutating func object(_ summary: String, detail: String? = nil, hint: String? = nil, host: Host? = nil) {
        problems.append(.error(summary, detail: detail, hint: hint, host: host?.name))
    }

    /// - Throws: ``HostProblem`` when a host stops answering.
    mutating func plan(_ disks: [DiskDescription]) async throws -> [MigrationPlan.Disk] {
        let proof = SharednessProof(hosts: hosts)
        var known: [String: Bool] = [:]
        var plans: [MigrationPlan.Disk] = []
        for disk in disks {
            guard let place = disk.source else { continue }
            guard case .file(let path) = place else {
                switch place {
                case .network, .volume: continue
                case .file, .block: break
                }
                object(
                    "the disk \(disk.target) is a block device of the host", detail: "\(place.path ?? "")",
                    hint: "move it to a file or to network storage first", host: source.host)
                continue
            }
            let folder = DiskPath.parent(path)
            let shared: Bool
            if let answer = known[folder] {
                shared = answer
            } else {
                shared = try await proof.isShared(directory: folder)
                known[folder] = shared
            }
            plans.append(try await plan(disk, path, shared: shared))
        }
        if plans.contains(where: { $0.plan == .copied }) {
            for index in plans.indices where plans[index].plan == .overlay { plans[index].plan = .copied }
        }
        try await checkSpace(plans)
        return plans
    }

    private mutating func plan(
        _ disk: DiskDescription, _ path: String, shared: Bool
    ) async throws -> MigrationPlan.Disk {
        let volume = try await source.ask { hypervisor throws(HypervisorError) in
            try await hypervisor.volume(path: path)
        }
        let base = volume?.backing?.path
        var plan = MigrationPlan.DiskPlan.shared
        var missing: StoredImage?
        if !shared && disk.isShareable {
            object("the disk \(disk.target) is shared with other VMs", detail: path, host: source.host)
        }
        if !shared {
            plan = disk.device == .disk && !disk.isReadOnly ? .copied : .brought
            try await checkFree(path)
            if plan == .copied, let base {
                let comparison = try await isWhole(base) ? try await compare(base) : .different
                missing = comparison == .missing ? images.first { $0.volumeName == DiskPath.lastComponent(base) } : nil
                if comparison == .equal || missing != nil { plan = .overlay }
            }
        }
        return MigrationPlan.Disk(
            target: disk.target, path: path, format: disk.format ?? "raw", plan: plan, base: base,
            baseFormat: volume?.backing?.format, missingBase: missing, capacity: volume?.capacity ?? 0)
    }

    private mutating func checkFree(_ path: String) async throws {
        let answer = try await destination.run(
            #"if [ -e "$path" ]; then echo taken; elif ! [ -d "${path%/*}" ]; then echo nowhere; fi"#,
            [("path", path)], doing: "look for the disk's place")
        if answer.hasPrefix("taken") {
            object(
                "the file \"\(path)\" exists already, and it is not the source's",
                hint: "`drover op recover` removes what an unfinished migration left", host: destination.host)
        } else if answer.hasPrefix("nowhere") {
            object(
                "there is no directory \"\(DiskPath.parent(path))\" for the disk",
                hint: "make a pool there", host: destination.host)
        }
    }

    /// A base that stands on a further image is not compared through and through: its disk is copied whole.
    private func isWhole(_ base: String) async throws -> Bool {
        try await source.ask { hypervisor throws(HypervisorError) in
            guard let volume = try await hypervisor.volume(path: base) else { return false }
            return volume.backing == nil
        }
    }

    private enum BaseComparison { case equal, different, missing }

    /// An overlay may only stand on the same bytes: names are not enough.
    private func compare(_ base: String) async throws -> BaseComparison {
        let script = #"if [ -r "$base" ]; then sha256sum -- "$base"; fi"#
        let there = try await destination.run(script, [("base", base)], doing: "read the base image")
        let here = try await source.run(script, [("base", base)], doing: "read the base image")
        if here.isEmpty { return .different }
        let isContentAddressed = images.contains { here.hasPrefix($0.digest) }
        if there.isEmpty { return isContentAddressed ? .missing : .different }
        return here == there ? .equal : .different
    }

    /// A directory that is a pool at the source becomes one at the destination: libvirt makes disks only in pools.
    private mutating func checkSpace(_ disks: [MigrationPlan.Disk]) async throws {
        for folder in Set(disks.filter(\.isMoved).map { DiskPath.parent($0.path) }).sorted() {
            let needed = try await source.ask { hypervisor throws(HypervisorError) in
                var bytes: UInt64 = 0
                for disk in disks where disk.isMoved && DiskPath.parent(disk.path) == folder {
                    bytes += try await hypervisor.volume(path: disk.path)?.allocation ?? disk.capacity
                }
                return bytes
            }
            let there = try await destination.ask { hypervisor throws(HypervisorError) in try await hypervisor.pools() }
            if !there.contains(where: { $0.path == folder && $0.isActive }) {
                try await planPool(folder, taken: there)
            }
            let answer = try await destination.run(
                #"df -P -k -- "$folder" | tail -n 1"#, [("folder", folder)], doing: "look for free space")
            let fields = answer.split(separator: " ", omittingEmptySubsequences: true)
            guard fields.count >= 4, let free = UInt64(fields[3]).map({ $0 << 10 }), free < needed else { continue }
            object(
                "too little space in \"\(folder)\"",
                detail: "\(needed >> 20) MiB are needed, \(free >> 20) MiB are free", host: destination.host)
        }
    }

    private mutating func planPool(_ folder: String, taken: [PoolInfo]) async throws {
        let here = try await source.ask { hypervisor throws(HypervisorError) in try await hypervisor.pools() }
        let same = taken.first { $0.path == folder }
        let pool = same ?? here.first { $0.path == folder && $0.type == "dir" }
        guard let pool, same != nil || !taken.contains(where: { $0.name == pool.name }) else {
            object(
                "no pool stands for \"\(folder)\"", detail: "libvirt makes disks only in pools",
                hint: "make a directory pool there", host: destination.host)
            return
        }
        pools.append(PoolSpec(name: pool.name, path: folder))
    }
}
