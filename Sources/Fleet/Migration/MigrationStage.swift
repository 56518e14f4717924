internal import FoundationEssentials
internal import Hypervisor
internal import Inventory
internal import Modules
internal import PKI
internal import Values

/// Prepares the destination: base images, empty overlays, and the read-only drives that libvirt does not copy; and takes
/// all of it back when the guest did not move.
struct MigrationStage: Sendable {
    let hosts: MigrationHosts
    let plan: MigrationPlan
    let connector: any Connector
    let workFolder: String
    let log: OperationLog

    private func announce(_ path: String) throws {
        try log.record("making", Mapping([("made", Value(path))]))
    }

    /// - Parameter made: takes the path of each file that this operation has made, also when it fails; the journal knows
    ///   it beforehand.
    func prepare(noting made: inout [String]) async throws {
        for pool in plan.pools {
            _ = try await hosts.destination.ask { hypervisor throws(HypervisorError) in
                try await hypervisor.createDirectoryPool(pool)
            }
        }
        for disk in plan.disks {
            switch disk.plan {
            case .shared, .copied: continue
            case .overlay: try await makeOverlay(disk, &made)
            case .brought: try await bring(disk, &made)
            }
        }
    }

    private func pool(of path: String) async throws -> String {
        let folder = DiskPath.parent(path)
        let pools = try await hosts.destination.ask { hypervisor throws(HypervisorError) in try await hypervisor.pools()
        }
        guard let pool = pools.first(where: { $0.path == folder && $0.isActive }) else {
            throw Diagnostics(.error("no active pool stands for \"\(folder)\"", host: plan.destination.name))
        }
        return pool.name
    }

    private func makeOverlay(_ disk: MigrationPlan.Disk, _ made: inout [String]) async throws {
        let pool = try await pool(of: disk.path)
        let base = disk.base
        if let image = disk.missingBase {
            do {
                _ = try await ImagePlacement(connector: connector, pool: pool).place(
                    image, on: plan.destination, over: hosts.destination.hypervisor,
                    willMake: { try announce(DiskPath.join(DiskPath.parent(base ?? disk.path), $0)) })
            } catch let error as HypervisorError {
                throw HostProblem(error, host: plan.destination.name)
            }
        }
        guard let base else { return }
        let format = disk.missingBase?.header.format.rawValue ?? disk.baseFormat ?? "qcow2"
        let spec = VolumeSpec(
            name: DiskPath.lastComponent(disk.path), capacity: disk.capacity, format: disk.format,
            backing: .init(path: base, format: format))
        try announce(disk.path)
        _ = try await hosts.destination.ask { hypervisor throws(HypervisorError) in
            try await hypervisor.createVolume(spec, in: pool)
        }
        made.append(disk.path)
    }

    /// Read-only drives are first-boot images and installers: read through the shell, compared by hash.
    private func bring(_ disk: MigrationPlan.Disk, _ made: inout [String]) async throws {
        let pool = try await pool(of: disk.path)
        try DiskPath.makeDirectory(workFolder, mode: 0o700)
        let file = DiskPath.join(workFolder, RandomUUID.make())
        defer { DiskPath.remove(file) }
        let bytes = try await read(disk.path)
        try DiskFile.write(bytes, to: file, mode: 0o600)
        let name = DiskPath.lastComponent(disk.path)
        let spec = VolumeSpec(name: name, capacity: UInt64(bytes.count), format: "raw")
        try announce(disk.path)
        _ = try await hosts.destination.ask { hypervisor throws(HypervisorError) in
            try await hypervisor.createVolume(spec, in: pool)
        }
        made.append(disk.path)
        try await hosts.destination.ask { hypervisor throws(HypervisorError) in
            try await hypervisor.upload(file, to: name, in: pool)
        }
    }

    private func read(_ path: String) async throws -> [UInt8] {
        let text = try await hosts.source.run(
            #"sha256sum -- "$path" && base64 -- "$path""#, [("path", path)], doing: "read the drive \"\(path)\"")
        let lines = text.split(separator: "\n")
        let bytes = Data(base64Encoded: lines.dropFirst().joined()).map { Array($0) }
        guard let bytes, let sum = lines.first, ContentDigest.sha256(bytes) == sum.prefix(64) else {
            throw Diagnostics(
                .error(
                    "the drive \"\(path)\" could not be read whole", detail: "drives of up to 2 MiB are brought over",
                    hint: "eject it", host: plan.source.name))
        }
        return bytes
    }

    /// Removes what this operation made at the destination, and nothing else. The guest must not be there any more.
    static func clean(_ paths: [String], on side: MigrationHosts.Side) async throws {
        guard !paths.isEmpty else { return }
        try await side.run(#"rm -f -- "$@""#, arguments: paths, doing: "remove what was copied")
        await refresh(paths, on: side)
    }

    /// Sets the moved files aside at the source, and has them removed after the grace time by the host itself.
    static func retire(_ paths: [String], operation: String, keep seconds: Int, on side: MigrationHosts.Side)
        async throws
    {
        guard !paths.isEmpty else { return }
        try await side.run(
            """
            for path do
                kept=$path.moved-$operation
                if [ -e "$path" ]; then mv -f -- "$path" "$kept" || exit 1; fi
                [ -e "$kept" ] || continue
                if [ "$seconds" -eq 0 ]; then
                    rm -f -- "$kept"
                elif [ -d /run/systemd/system ]; then
                    systemd-run --quiet --on-active="$seconds" rm -f -- "$kept"
                fi
            done
            """, [("operation", operation), ("seconds", "\(seconds)")], arguments: paths,
            doing: "set the moved disks aside")
        await refresh(paths, on: side)
    }

    private static func refresh(_ paths: [String], on side: MigrationHosts.Side) async {
        let folders = Set(paths.map(DiskPath.parent))
        for pool in (try? await side.hypervisor.pools()) ?? [] where pool.isActive && folders.contains(pool.path ?? "")
        {
            try? await side.hypervisor.refreshPool(pool.name)
        }
    }
}
