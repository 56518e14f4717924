/// A network interface of a domain to be defined.
public struct InterfaceSpec: Sendable, Hashable {
    public enum Source: Sendable, Hashable {
        /// A bridge of the host.
        case bridge(String)
        /// A network of libvirt's.
        case network(String)
        /// macvtap on a card of the host: `bridge`, `private`, `vepa` or `passthrough`.
        case direct(String, mode: String)
        /// QEMU's own network stack: out only, needs no rights.
        case user
    }

    public var source: Source
    public var mac: MACAddress
    public var model: String
    /// The tag of its VLAN, where the source can do that.
    public var vlan: Int?
    /// Nil: the source's.
    public var mtu: Int?
    /// Its turn when the firmware looks for a system, from 1; nil: never.
    public var bootOrder: Int?

    public init(source: Source, mac: MACAddress = .random(), model: String = "virtio") {
        self.source = source
        self.mac = mac
        self.model = model
    }
}
