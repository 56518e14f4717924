internal import Hypervisor
internal import Inventory
internal import Values

/// Prepares the destination: pools, the images that disks stand on, the media that libvirt does not copy, and the files that
/// the disks are copied into; and takes all of it back when the VM did not move.
struct MigrationStage: Sendable {
    let hosts: MigrationHosts
    let plan: MigrationPlan
    let connector: any Connector
    let log: OperationLog
    var tell: @Sendable (MigrationProgress) -> Void = { _ in }

    /// All that libvirt needs before it copies a running VM.
    /// - Parameter made: takes the path of each file that this operation has made, also when it fails; the journal knows
    ///   it beforehand.
    func prepare(noting made: inout [String]) async throws {
        try await makePools()
        let copied = try await placeLayers(noting: &made) + plan.disks.filter { $0.plan == .brought }.map(Self.file)
        let mirrored = plan.disks.filter(\.isMirrored)
        try await claim(copied.map(\.path) + mirrored.map(\.path), noting: &made)
        try await makeTargets(mirrored)
        try await transfer(copied)
        // libvirt makes these itself when the VM arrives, and leaves them when it then does not stay.
        let states = plan.files.filter(\.isMoved).map(\.path)
        if !states.isEmpty { try announce(states) }
        made += states
    }

    /// All files of a VM that is off, whole.
    func copy(noting made: inout [String]) async throws {
        try await makePools()
        let copied = try await placeLayers(noting: &made) + plan.disks.filter(\.isMoved).map(Self.file)
        let states = plan.files.filter(\.isMoved)
        try await claim(
            copied.map(\.path) + states.filter { $0.kind == .nvram }.map(\.path),
            folders: states.filter { $0.kind == .tpm }.map(\.path), noting: &made)
        try await transfer(copied)
        for file in states { try await StateTransfer(hosts: hosts).copy(file) }
    }

    private static func file(_ disk: MigrationPlan.Disk) -> HostTransfer.File {
        HostTransfer.File(path: disk.path, size: disk.size)
    }

    private func transfer(_ files: [HostTransfer.File]) async throws {
        let total = Int(clamping: files.reduce(0) { $0 + $1.size })
        let began = Clock.monotonic
        try await HostTransfer(hosts: hosts, operation: log.id).copy(files) { [tell] moved in
            let (done, elapsed) = (min(Int(clamping: moved), total), Clock.seconds(since: began))
            let rate = elapsed > 0 ? Int(Double(done) / elapsed) : 0
            tell(
                .copying(
                    MigrationFigures(
                        phase: .disks, done: done, total: total, rate: rate,
                        secondsLeft: rate > 0 ? (total - done) / rate : nil, elapsed: elapsed, passes: 0)))
        }
    }

    private func makePools() async throws {
        for pool in plan.pools {
            try await announce(pool)
            _ = try await hosts.destination.ask { hypervisor throws(HypervisorError) in
                try await hypervisor.createDirectoryPool(pool)
            }
        }
    }

    private func announce(_ pool: PoolSpec) async throws {
        let isThere = try await hosts.destination.ask { hypervisor throws(HypervisorError) in
            try await hypervisor.pool(pool.name) != nil
        }
        guard !isThere, let folder = pool.target else { return }
        let said = try await hosts.destination.run(
            #"if [ -d "$folder" ]; then echo there; fi"#, [("folder", folder)], doing: "look for a directory")
        try log.record(
            "making-pool",
            Mapping([("pool", Value(pool.name)), ("folder", said.isEmpty ? Value(folder) : .null)]))
    }

    /// Removes the pools that this operation made at the destination, as far as nobody has put anything in them.
    static func removePools(of log: OperationLog, on side: MigrationHosts.Side) async throws {
        for step in log.folder.read(log.id)?.steps ?? [] where step["step"]?.string == "making-pool" {
            guard let pool = step["pool"]?.string else { continue }
            let isEmpty = try await side.ask { hypervisor throws(HypervisorError) in
                guard try await hypervisor.pool(pool)?.isActive == true else { return false }
                try await hypervisor.refreshPool(pool)
                guard try await hypervisor.volumes(in: pool).isEmpty else { return false }
                try await hypervisor.stopPool(pool)
                try await hypervisor.undefinePool(pool)
                return true
            }
            guard isEmpty, let folder = step["folder"]?.string else { continue }
            try await side.run(
                #"rmdir -- "$folder" 2>/dev/null || true"#, [("folder", folder)], doing: "remove an empty directory")
        }
    }

    // MARK: Files that this operation makes

    private static let claimScript = String(decoding: PackageResources.disk_claim_sh, as: UTF8.self)
    private static let targetScript = String(decoding: PackageResources.disk_targets_sh, as: UTF8.self)
    private static let made = "making"
    private static let notMade = "not made"

    private func announce(_ paths: [String]) throws {
        for path in paths { try log.record(Self.made, Mapping([("made", Value(path))])) }
    }

    /// Makes empty files of names that nobody has, all or none: whatever has such a name already is somebody else's.
    private func claim(_ paths: [String], folders: [String] = [], noting made: inout [String]) async throws {
        let all = paths + folders
        guard !all.isEmpty else { return }
        try announce(all)
        do throws(HostProblem) {
            try await hosts.destination.run(
                Self.claimScript, [("files", "\(paths.count)")], arguments: all, doing: "make the VM's files")
        } catch {
            if error.kind == .failed {
                for path in all { try? log.record(Self.notMade, Mapping([("not_made", Value(path))])) }
            } else {
                made += all
            }
            throw error
        }
        made += all
    }

    /// The paths that a journal says this operation has made at the destination.
    static func made(_ record: OperationRecord) -> [String] {
        var paths: [String] = []
        for step in record.steps {
            if let path = step["made"]?.string, !paths.contains(path) { paths.append(path) }
            if let path = step["not_made"]?.string { paths.removeAll { $0 == path } }
        }
        return paths
    }

    /// The empty images that the guest's disks are copied into while it runs.
    private func makeTargets(_ disks: [MigrationPlan.Disk]) async throws {
        guard !disks.isEmpty else { return }
        let words = disks.flatMap { disk in
            [
                disk.path, disk.format, "\(disk.capacity)", disk.layers.first?.path ?? "",
                disk.layers.first?.format ?? "", disk.clusterSize.map { "\($0)" } ?? "",
            ]
        }
        try await hosts.destination.run(
            Self.targetScript, arguments: words, doing: "make the disks")
    }

    // MARK: Images that disks stand on

    /// The controller's images go through the pool, as when a VM is created.
    /// - Returns: those that are to be copied from the source.
    private func placeLayers(noting made: inout [String]) async throws -> [HostTransfer.File] {
        var copied: [HostTransfer.File] = []
        for layer in plan.disks.flatMap(\.layers) where !copied.contains(where: { $0.path == layer.path }) {
            switch layer.origin {
            case .present: continue
            case .source: copied.append(HostTransfer.File(path: layer.path, size: layer.size))
            case .image(let image):
                let folder = DiskPath.parent(layer.path)
                do {
                    _ = try await ImagePlacement(connector: connector, pool: try await pool(at: folder)).place(
                        image, on: plan.destination, over: hosts.destination.hypervisor,
                        willMake: { try announce([DiskPath.join(folder, $0)]) })
                } catch let error as HypervisorError {
                    throw HostProblem(error, host: plan.destination.name)
                }
            }
        }
        return copied
    }

    private func pool(at folder: String) async throws -> String {
        let pools = try await hosts.destination.ask { hypervisor throws(HypervisorError) in try await hypervisor.pools()
        }
        guard let pool = pools.first(where: { $0.path == folder && $0.isActive }) else {
            throw Diagnostics(.error("no active pool stands for \"\(folder)\"", host: plan.destination.name))
        }
        return pool.name
    }

    /// Removes what this operation made at the destination, and nothing else. The VM must not be there any more.
    static func clean(_ paths: [String], of uuid: String, on side: MigrationHosts.Side) async throws {
        guard !paths.isEmpty else { return }
        try await side.run(
            """
            for path do
                case $path in
                    /var/lib/libvirt/swtpm/"$uuid") rm -rf -- "$path" || exit 1 ;;
                    *) rm -f -- "$path" || exit 1 ;;
                esac
            done
            """, [("uuid", uuid)], arguments: paths, doing: "remove what was copied")
        await Retirement.refresh(paths, on: side)
    }
}
