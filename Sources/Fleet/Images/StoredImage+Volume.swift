internal import Hypervisor

extension StoredImage {
    static let searching = "look for the image"

    /// Says something if there is a file of the image's name where the pool has its volumes; nil of a pool without files.
    func search(in pool: String, over connection: HypervisorConnection) async throws(HypervisorError) -> HostScript? {
        guard let info = try await connection.pool(pool), info.isActive, let folder = info.path,
            PoolFiles.kinds.contains(info.type)
        else { return nil }
        return HostScript(
            variables: [("whole", DiskPath.join(folder, volumeName))],
            #"if [ -f "$whole" ]; then echo there; fi"#)
    }

    /// Its volume, once libvirt has looked again.
    func listed(in pool: String, over connection: HypervisorConnection) async throws(HypervisorError) -> VolumeInfo? {
        try await connection.refreshPool(pool)
        return try await connection.volume(volumeName, in: pool)
    }

    /// Whether a path is that of an image on a host: it is read by many, and nobody writes to it.
    static func isVolume(_ path: String) -> Bool { DiskPath.lastComponent(path).hasPrefix(ImageCopies.prefix) }
}
