/// The lab's dnsmasq: addresses by DHCP and names of the hosts, on the lab's bridge only.
enum DHCPServer {
    /// dnsmasq's configuration. Hosts are known by hardware address alone: a client identifier changes when a host
    /// puts a bridge over its card, its address must not.
    static func configuration(hosts: [LabHost], leases: String) -> String {
        var lines = [
            "interface=\(LabNetwork.bridge)", "except-interface=lo", "bind-interfaces", "pid-file=", "no-resolv",
            "no-hosts", "no-poll", "no-ping", "dhcp-authoritative", "dhcp-ignore-clid", "dhcp-leasefile=\(leases)",
            "dhcp-range=\(LabNetwork.dynamicRange.0),\(LabNetwork.dynamicRange.1),255.255.255.0,1h",
        ]
        for host in hosts {
            lines.append("dhcp-host=\(host.hardwareAddress),\(host.address),\(host.name),1h")
            lines.append("host-record=\(host.name),\(host.address)")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// Reads dnsmasq's lease file: expiry, hardware address, address, name, client identifier.
    static func leases(in text: String) -> [Lease] {
        text.split(separator: "\n").compactMap { line in
            let fields = line.split(separator: " ")
            guard fields.count >= 4, let expires = Int(fields[0]), fields[1].contains(":") else { return nil }
            return Lease(
                hardwareAddress: String(fields[1]), address: String(fields[2]),
                hostName: fields[3] == "*" ? nil : String(fields[3]), expires: expires)
        }
    }
}

/// An address that the lab's DHCP server has given out.
package struct Lease: Sendable, Hashable {
    package var hardwareAddress: String
    package var address: String
    package var hostName: String?
    /// Seconds since 1970.
    package var expires: Int
}
