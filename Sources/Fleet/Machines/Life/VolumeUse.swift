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

extension StoredImage {
    /// Whether a path is that of an image on a host: it is read by many, and nobody writes to it.
    static func isVolume(_ path: String) -> Bool { DiskPath.lastComponent(path).hasPrefix("drover-image-") }
}
