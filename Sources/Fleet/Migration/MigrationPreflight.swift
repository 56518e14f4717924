internal import Hypervisor
internal import Inventory
internal import Values

/// Looks at both hosts and decides what each disk needs; everything that would stop the migration is found at once.
struct MigrationPreflight {
    let hosts: MigrationHosts
    let machine: DomainSummary
    /// The controller's images, any of which can be brought to the destination.
    let images: [StoredImage]
    private(set) var problems: [Diagnostic] = []
    private var pools: [PoolSpec] = []

    init(hosts: MigrationHosts, machine: DomainSummary, images: [StoredImage]) {
        self.hosts = hosts
        self.machine = machine
        self.images = images
    }

    private var source: MigrationHosts.Side { hosts.source }
    private var destination: MigrationHosts.Side { hosts.destination }

    /// - Throws: `Diagnostics` with every reason against it, ``HostProblem`` when a host stops answering.
    mutating func plan() async throws -> MigrationPlan {
        let description = try await source.ask { hypervisor throws(HypervisorError) in
            try await hypervisor.description(of: .uuid(machine.uuid))
        }
        checkGuest(description)
        try await checkSnapshots()
        try await checkHosts()
        try await checkBridges(description.interfaces.filter { $0.type == "bridge" }.compactMap(\.source))
        let disks = try await plan(description.disks)
        if let found = Diagnostics(problems) { throw found }
        return MigrationPlan(
            vm: machine.name, uuid: machine.uuid, source: source.host, destination: destination.host, disks: disks,
            pools: pools,
            memoryMiB: machine.memoryMiB, autostart: machine.autostart)
    }

    private mutating func object(_ summary: String, detail: String? = nil, hint: String? = nil, host: Host? = nil) {
        problems.append(.error(summary, detail: detail, hint: hint, host: host?.name))
    }

    private mutating func checkGuest(_ description: DomainDescription) {
        if machine.state.activity != .running {
            object(
                "\"\(machine.name)\" is \(machine.state.activity.name)", detail: "only a running VM migrates live",
                hint: "start it with `drover vm start \(machine.name)`", host: source.host)
        }
        if !machine.persistent {
            object(
                "\"\(machine.name)\" has no lasting definition", hint: "define it with virsh define", host: source.host)
        }
        for device in description.hostDevices + description.sharedDirectories.map({ "shared directory \($0)" }) {
            object("\"\(machine.name)\" holds a \(device)", detail: "it cannot move while it does", host: source.host)
        }
        if description.nvram != nil || description.hasEmulatedTPM {
            object(
                "\"\(machine.name)\" has UEFI variables or a TPM", detail: "their files are not moved",
                host: source.host)
        }
    }

    /// Snapshots are records of the source's libvirt and states inside the disks: a copy of a disk has only its present.
    private mutating func checkSnapshots() async throws {
        let snapshots = try await source.ask { hypervisor throws(HypervisorError) in
            try await hypervisor.snapshots(of: .uuid(machine.uuid))
        }
        guard !snapshots.isEmpty else { return }
        object(
            "\"\(machine.name)\" has snapshots", detail: snapshots.map(\.name).joined(separator: ", "),
            hint: "they do not move with it: delete them with `drover vm snapshot delete \(machine.name) NAME`",
            host: source.host)
    }

    private mutating func checkHosts() async throws {
        let here = try await source.ask { hypervisor throws(HypervisorError) in try await hypervisor.hostInfo() }
        let there = try await destination.ask { hypervisor throws(HypervisorError) in try await hypervisor.hostInfo() }
        if here.uuid == there.uuid {
            object(
                "both hosts have the UUID \(here.uuid)", detail: "libvirt refuses to migrate between them",
                hint: "set host_uuid_source = \"machine-id\" in libvirtd.conf, as the role hypervisor does",
                host: destination.host)
        }
        if let free = there.freeMemoryMiB, free < machine.memoryMiB {
            object(
                "too little memory: \(free) MiB are free, the VM has \(machine.memoryMiB) MiB", host: destination.host)
        }
        for reference in [DomainReference.name(machine.name), .uuid(machine.uuid)] {
            let taken = try await destination.ask { hypervisor throws(HypervisorError) in
                try await hypervisor.domain(reference)
            }
            guard let taken else { continue }
            object(
                "there is a VM \"\(taken.name)\" already, \(taken.state.activity.name)",
                hint: "`drover op recover` settles what an unfinished migration left", host: destination.host)
            break
        }
        // The source connects to migrate, the destination's watcher to see that the source's copy is gone.
        try await checkWay(from: source, to: destination)
        try await checkWay(from: destination, to: source)
    }

    /// The hosts' own view counts: it is they who connect.
    private mutating func checkWay(from here: MigrationHosts.Side, to there: MigrationHosts.Side) async throws {
        let uri = try HypervisorURI.tls(address: there.host.address, pkiDirectory: nil).text
        do throws(HostProblem) {
            try await here.run(
                #"timeout 20 virsh -q -c "$uri" hostname"#, [("uri", uri)],
                doing: "reach \(there.host.name) from \(here.host.name) over TLS")
        } catch {
            guard error.kind == .failed else { throw error }
            object(
                error.diagnostic.summary, detail: error.diagnostic.detail,
                hint: "`drover pki status` looks at certificates; port 16514 must be open between the hosts",
                host: here.host)
        }
    }

    private mutating func checkBridges(_ bridges: [String]) async throws {
        for bridge in Set(bridges).sorted() {
            let answer = try await destination.run(
                #"if [ -d "/sys/class/net/$bridge/bridge" ]; then echo there; fi"#, [("bridge", bridge)],
                doing: "look for the bridge")
            if answer.isEmpty {
                object(
                    "there is no bridge \"\(bridge)\", which the VM is connected to",
                    hint: "apply the role bridge to \(destination.host.name)", host: destination.host)
            }
        }
    }

    private mutating func plan(_ disks: [DiskDescription]) async throws -> [MigrationPlan.Disk] {
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
