internal import Hypervisor

/// One address of a guest, and who says so.
package struct GuestAddress: Sendable, Hashable {
    /// Who knows an address; those that know best come first.
    package enum Source: String, Sendable, Hashable, CaseIterable {
        /// The guest itself, through its agent.
        case agent
        /// DHCP leases of libvirt's own networks on the host.
        case lease
        /// The host's neighbour table.
        case arp
        /// The host's neighbour table after the host asked its network.
        case probe
        /// The neighbour table of this machine.
        case controller

        init(_ source: DomainAddress.Source) {
            self =
                switch source {
                case .agent: .agent
                case .lease: .lease
                case .arp: .arp
                }
        }
    }

    package var address: String
    package var mac: String?
    package var source: Source

    init(address: String, mac: String?, source: Source) {
        self.address = address
        self.mac = mac
        self.source = source
    }

    init(_ address: DomainAddress) {
        self.init(address: address.address, mac: address.mac, source: Source(address.source))
    }

    package var isIPv6: Bool { address.contains(":") }
    /// Whether it means something on its own link only.
    package var isLinkLocal: Bool {
        let text = address.lowercased()
        return text.hasPrefix("169.254.") || ["fe8", "fe9", "fea", "feb"].contains { text.hasPrefix($0) }
    }
    /// Guests say what they like: digits, dots and colons are an address, all else is nothing.
    private var isPlausible: Bool {
        (2...45).contains(address.utf8.count) && address.allSatisfy { $0.isHexDigit || $0 == "." || $0 == ":" }
    }
    var isLoopback: Bool { address.hasPrefix("127.") || address == "::1" }

    /// Each address once, by who knows best; those that reach no further than the link come last, IPv6 behind IPv4.
    static func ranked(_ addresses: [GuestAddress], macs: [String]) -> [GuestAddress] {
        let own = Set(macs.map { $0.lowercased() })
        var best: [String: GuestAddress] = [:]
        for address in addresses where !address.isLoopback && address.isPlausible {
            // An agent also tells of what the guest bridges and tunnels to itself.
            if let mac = address.mac?.lowercased(), !own.isEmpty, !own.contains(mac) { continue }
            if let known = best[address.address], known.source.rank <= address.source.rank { continue }
            best[address.address] = address
        }
        return best.values.sorted { $0.order < $1.order }
    }

    private var order: (Int, Int, Int, String) {
        (isLinkLocal ? 1 : 0, isIPv6 ? 1 : 0, source.rank, address)
    }
}

extension GuestAddress.Source {
    fileprivate var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}
