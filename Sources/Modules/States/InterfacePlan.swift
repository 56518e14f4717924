internal import Values

/// One interface as `network.managed` describes it.
struct InterfacePlan: Sendable {
    enum Kind: Sendable { case ethernet, bridge }
    enum Addressing: Sendable, Equatable {
        case none, dhcp
        case fixed(address: String, prefix: Int, gateway: String?)
    }

    var name: String
    var kind: Kind
    var enabled = true
    var addressing: Addressing
    /// The bridge that a NIC is a port of.
    var bridge: String?
    /// The NICs that a bridge has.
    var ports: [String] = []
    /// The address that a bridge shows: its first port's, so that a DHCP server knows it again.
    var hardwareAddress: String?
    var mtu: Int?
    var spanningTree = false
    var nameServers: [String] = []
    var domain: String?

    /// The stanza for ifupdown. Bridges are made by iproute2: nothing needs to be installed.
    var stanza: String {
        var lines: [String] = []
        if enabled { lines.append("auto \(name)") }
        let method: String
        switch addressing {
        case .none: method = "manual"
        case .dhcp: method = "dhcp"
        case .fixed: method = "static"
        }
        lines.append("iface \(name) inet \(method)")
        if case .fixed(let address, let prefix, let gateway) = addressing {
            lines.append("    address \(address)/\(prefix)")
            if let gateway { lines.append("    gateway \(gateway)") }
        }
        if !nameServers.isEmpty { lines.append("    dns-nameservers " + nameServers.joined(separator: " ")) }
        if let domain { lines.append("    dns-search \(domain)") }
        if kind == .bridge { lines += bridgeLines }
        if let mtu { lines.append("    pre-up ip link set dev \(name) mtu \(mtu)") }
        if addressing == .none { lines.append("    up ip link set dev \(name) up") }
        return lines.joined(separator: "\n") + "\n"
    }

    private var bridgeLines: [String] {
        // The bridge stays when it goes down: guests hang on it.
        var lines = [
            "    pre-up [ -d /sys/class/net/\(name)/bridge ] || ip link add name \(name) type bridge",
            "    pre-up ip link set dev \(name) type bridge stp_state \(spanningTree ? 1 : 0) forward_delay "
                + (spanningTree ? "400" : "0"),
        ]
        if let hardwareAddress { lines.append("    pre-up ip link set dev \(name) address \(hardwareAddress)") }
        for port in ports {
            lines.append("    pre-up ip link set dev \(port) master \(name) && ip link set dev \(port) up || true")
        }
        return lines
    }

    /// The file for Red Hat's network scripts and for NetworkManager.
    var ifcfg: String {
        var pairs = [("DEVICE", name), ("NAME", name), ("TYPE", kind == .bridge ? "Bridge" : "Ethernet")]
        pairs.append(("ONBOOT", enabled ? "yes" : "no"))
        switch addressing {
        case .none: pairs.append(("BOOTPROTO", "none"))
        case .dhcp: pairs.append(("BOOTPROTO", "dhcp"))
        case .fixed(let address, let prefix, let gateway):
            pairs += [("BOOTPROTO", "none"), ("IPADDR", address), ("PREFIX", String(prefix))]
            if let gateway { pairs.append(("GATEWAY", gateway)) }
        }
        for (number, server) in nameServers.enumerated() { pairs.append(("DNS\(number + 1)", server)) }
        if let domain { pairs.append(("DOMAIN", domain)) }
        if let bridge { pairs.append(("BRIDGE", bridge)) }
        if kind == .bridge {
            pairs += [("STP", spanningTree ? "yes" : "no"), ("DELAY", spanningTree ? "4" : "0")]
            if let hardwareAddress { pairs.append(("BRIDGE_MACADDR", hardwareAddress)) }
        }
        if let mtu { pairs.append(("MTU", String(mtu))) }
        return pairs.map { "\($0.0)=\($0.1)\n" }.joined()
    }

    /// Whether a text can be an interface's name.
    static func isName(_ name: String) -> Bool {
        guard !name.isEmpty, name.utf8.count <= 15, name != ".", name != "..", !name.hasPrefix("-") else {
            return false
        }
        return name.unicodeScalars.allSatisfy {
            $0.isASCII && ($0.properties.isAlphabetic || "0123456789._-".unicodeScalars.contains($0))
        }
    }

    /// Whether a text is an IPv4 address.
    static func isAddress(_ text: String) -> Bool {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4
            && parts.allSatisfy { part in
                part.count <= 3 && !part.isEmpty && part.allSatisfy { ("0"..."9").contains($0) }
                    && (Int(part) ?? 256) < 256
            }
    }

    /// The length of a netmask that has no holes.
    static func prefix(ofMask mask: String) -> Int? {
        guard isAddress(mask) else { return nil }
        let bits = mask.split(separator: ".").reduce(UInt32(0)) { $0 << 8 | (UInt32($1) ?? 0) }
        let length = (~bits).leadingZeroBitCount
        return bits == (length == 0 ? 0 : UInt32.max << UInt32(32 - length)) ? length : nil
    }
}
