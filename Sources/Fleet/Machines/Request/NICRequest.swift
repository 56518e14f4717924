package import Hypervisor
package import Values

/// A network interface as it was asked for: by an option, by an entry of a file, or by a NIC profile in Salt's notation.
package struct NICRequest: Sendable, Hashable {
    package enum Source: Sendable, Hashable {
        /// A bridge of the host.
        case bridge(String)
        /// A network of libvirt's.
        case network(String)
        /// macvtap on a card of the host; the mode is `bridge`, `private`, `vepa` or `passthrough`.
        case direct(String, mode: String)
        /// QEMU's own network stack: out only.
        case user
    }

    /// `eth0`, `eth1`; empty until it is merged with the profile where it goes by its position.
    package var name: String
    /// Nil: what it is laid over says.
    package var source: Source?
    package var model: String?
    package var mac: MACAddress?
    package var vlan: Int?
    package var mtu: Int?
    /// A static address with its prefix, `10.0.0.5/24`; nil is DHCP.
    package var address: String?
    package var gateway: String?
    package var dns: [String]

    package init(name: String = "", source: Source? = nil) {
        self.name = name
        self.source = source
        dns = []
    }

    /// Reads `bridge=br0,model=virtio,mac=52:54:00:12:34:56,vlan=5,ip=10.0.0.5/24,gateway=10.0.0.1`, or just a bridge.
    package init(argument: String) throws(Diagnostics) {
        if argument.contains("=") {
            try self.init(Mapping(argument: argument, of: "the NIC"))
        } else if argument == "user" {
            self.init(source: .user)
        } else {
            self.init(source: .bridge(argument))
        }
    }

    /// Reads a mapping: of a NIC profile in Salt's notation, or of a VM's entry.
    /// - Parameter name: the NIC's, where the mapping does not say it itself.
    package init(_ mapping: Mapping, name: String = "") throws(Diagnostics) {
        let own = mapping["name"]?.scalarText ?? name
        var reader = KeyReader(mapping, of: own.isEmpty ? "a NIC" : "the NIC \"\(own)\"")
        self.init(name: reader.text("name") ?? name)
        source = Self.source(&reader)
        model = reader.text("model")
        mac = reader.read("mac") { value throws(Diagnostics) in
            guard let mac = value.scalarText.flatMap({ MACAddress($0.lowercased()) }) else {
                throw Diagnostics(
                    .error("\"\(value.scalarText ?? value.kindName)\" is no MAC address", mark: value.mark))
            }
            return mac
        }
        vlan = reader.whole("vlan", from: 1, to: 4094)
        mtu = reader.whole("mtu", from: 68, to: 65535)
        address = reader.text("ip", "address")
        gateway = reader.text("gateway")
        dns = reader.words("dns") ?? []
        try reader.finish()
    }

    private static func source(_ reader: inout KeyReader) -> Source? {
        let mode = reader.text("mode")
        let (type, word) = (reader.text("type"), reader.text("source"))
        let given: [Source?] = [
            reader.text("bridge").map { .bridge($0) }, reader.text("network").map { .network($0) },
            reader.text("direct", "macvtap").map { .direct($0, mode: mode ?? "bridge") },
            reader.truth("user") == true ? .user : nil,
            typed(type, word, mode: mode, &reader),
        ]
        let sources = given.compactMap { $0 }
        if sources.count > 1 {
            reader.add(.error("a NIC has one source: give one of bridge, network, direct and user"))
        }
        return sources.first
    }

    /// Salt's other notation: `type: bridge, source: br0`.
    private static func typed(_ type: String?, _ word: String?, mode: String?, _ reader: inout KeyReader) -> Source? {
        switch (type, word) {
        case (nil, nil): return nil
        case ("user", nil): return .user
        case ("bridge", let name?), (nil, let name?): return .bridge(name)
        case ("network", let name?): return .network(name)
        case ("direct", let name?): return .direct(name, mode: mode ?? "bridge")
        default:
            reader.add(
                .error(
                    "cannot read the NIC's type \"\(type ?? "")\" with source \"\(word ?? "")\"",
                    hint: "give one of bridge, network, direct and user"))
            return nil
        }
    }

    /// This NIC with what another says laid over it.
    package func overlaid(by other: NICRequest) -> NICRequest {
        var result = self
        result.source = other.source ?? source
        result.model = other.model ?? model
        result.mac = other.mac ?? mac
        result.vlan = other.vlan ?? vlan
        result.mtu = other.mtu ?? mtu
        result.address = other.address ?? address
        result.gateway = other.gateway ?? gateway
        result.dns = other.dns.isEmpty ? dns : other.dns
        return result
    }
}
