internal import Hypervisor

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
