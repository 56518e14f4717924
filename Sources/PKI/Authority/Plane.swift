/// Which of the two issuing CAs a certificate comes from. Neither trusts the other's: the keys of `data` are readable
/// by QEMU's group, and must not open the libvirt API.
public enum Plane: String, Sendable, Hashable, Codable, CaseIterable, CustomStringConvertible {
    /// libvirt's own TLS (port 16514).
    case api
    /// QEMU: migration, NBD and VNC.
    case data

    public var description: String { rawValue }
}
