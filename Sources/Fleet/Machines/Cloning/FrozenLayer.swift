/// A disk as it was when it was cloned, which no VM writes to any more; its users are overlays on it. It goes with the
/// last of them.
enum FrozenLayer {
    private static let prefix = "drover-layer-"

    static func name(_ nonce: String) -> String { "\(prefix)\(nonce).qcow2" }

    static func isOne(_ path: String) -> Bool { DiskPath.lastComponent(path).hasPrefix(prefix) }
}
