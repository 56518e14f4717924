internal import Hypervisor
internal import Values

/// Who else stands on a VM's volumes: overlays in any pool, and other VMs that have them as disks.
struct VolumeUse: Sendable {
    /// Path of a volume, and what it stands on.
    private var backings: [(volume: VolumeInfo, base: String)] = []
    private var disks: [(vm: String, path: String)] = []

    /// Asks a host.
    /// - Parameter uuid: the VM whose own use does not count.
    static func read(
        _ connection: HypervisorConnection, besides uuid: String
    ) async throws(HypervisorError) -> VolumeUse {
        var use = VolumeUse()
        for pool in try await connection.pools() where pool.isActive {
            // What others put there may not have been seen; a pool that is busy is as fresh as it gets.
            try? await connection.refreshPool(pool.name)
            for volume in try await connection.volumes(in: pool.name) {
                if let base = volume.backing?.path { use.backings.append((volume, base)) }
            }
        }
        for machine in try await connection.domains() where machine.uuid != uuid {
            let description = try await connection.description(of: .uuid(machine.uuid), .inactive)
            for disk in description.disks {
                if let path = disk.source?.path { use.disks.append((machine.name, path)) }
            }
        }
        return use
    }

    /// Who uses one of `paths`, apart from `paths` themselves: a VM's name, or a volume's.
    func users(of paths: [String]) -> [(path: String, user: String)] {
        var users = disks.filter { paths.contains($0.path) }.map { (path: $0.path, user: $0.vm) }
        for (volume, base) in backings where paths.contains(base) && !paths.contains(volume.path) {
            users.append((base, disks.first { $0.path == volume.path }?.vm ?? volume.name))
        }
        return users
    }

    /// The frozen layers below a volume, from the top down: what linked clones share.
    func layers(below path: String) -> [String] {
        var layers: [String] = []
        var above = path
        while let base = backings.first(where: { $0.volume.path == above })?.base, FrozenLayer.isOne(base),
            !layers.contains(base)
        {
            layers.append(base)
            above = base
        }
        return layers
    }
}

/// A disk as it was when it was cloned, which no VM writes to any more; its users are overlays on it. It goes with the
/// last of them.
enum FrozenLayer {
    private static let prefix = "drover-layer-"

    static func name(_ nonce: String) -> String { "\(prefix)\(nonce).qcow2" }

    static func isOne(_ path: String) -> Bool { DiskPath.lastComponent(path).hasPrefix(prefix) }

    /// Removes those of `layers` that nobody stands on any more; from the top down, so that one frees the next.
    static func removeUnused(_ layers: [String], over connection: HypervisorConnection) async throws(HypervisorError) {
        for layer in layers {
            let use = try await VolumeUse.read(connection, besides: "")
            guard use.users(of: [layer]).isEmpty, let volume = try await connection.volume(path: layer),
                let pool = volume.pool
            else { continue }
            try await connection.deleteVolume(volume.name, in: pool)
        }
    }
}

extension OperationLock {
    /// What linked clones share on a host: held while a layer gets or loses users. Waits for others, who are quick.
    static func layers(_ fleet: FleetDirectory, on host: String) async throws -> OperationLock {
        for _ in 0..<600 {
            do {
                return try OperationLock(fleet, "layers-\(host)", meaning: "the linked clones on \(host)")
            } catch is OperationLocked {
                try await Task.sleep(for: .milliseconds(100))
            }
        }
        return try OperationLock(fleet, "layers-\(host)", meaning: "the linked clones on \(host)")
    }
}

extension StoredImage {
    /// Whether a path is that of an image on a host: it is read by many, and nobody writes to it.
    static func isVolume(_ path: String) -> Bool { DiskPath.lastComponent(path).hasPrefix("drover-image-") }
}
