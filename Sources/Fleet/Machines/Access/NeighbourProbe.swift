internal import Hypervisor
internal import Values

/// Has a hypervisor ask the network on its own bridges who has the MAC addresses of a guest: for guests whose DHCP server
/// is elsewhere and that have not spoken to the host yet.
///
/// The kernel does the asking (`ip neigh ... use`, one ARP request or neighbour solicitation each), or `ping` where `ip` is
/// too old. At most 1024 IPv4 addresses are asked for on a bridge; IPv6 neighbours are found by what their MAC
/// address makes of the prefixes there, and by the answers to one echo request to all nodes.
struct NeighbourProbe {
    private let macs: [String]
    private let devices: [String]

    init(_ description: DomainDescription) { self.init([description]) }

    /// For several guests of one host.
    init(_ descriptions: [DomainDescription]) {
        macs = descriptions.flatMap { $0.interfaces.map { $0.mac.lowercased() } }.filter { !$0.isEmpty }
        devices = Set(descriptions.flatMap(\.bridges)).sorted()
    }

    /// What was found.
    /// - Parameter asking: within about 4 s; else only what the host's neighbour table says by itself.
    func addresses(
        on connection: any HostConnection, host: String, asking: Bool = true
    ) async throws(HostProblem) -> [GuestAddress] {
        guard !devices.isEmpty else { return [] }
        let script = HostScript(
            variables: [("macs", macs.joined(separator: " ")), ("asks", asking ? "yes" : "no")], arguments: devices,
            Self.body)
        let said = try await script.run(on: connection, host: host, doing: "ask the network for addresses")
        return said.split(separator: "\n").prefix(1024).compactMap { line in
            let words = line.split(separator: " ").map(String.init)
            // The host's words: an address is digits, dots and colons, or it is nothing.
            guard words.count == 3, words[0] == "found", macs.contains(words[1]),
                words[2].utf8.count <= 45, words[2].allSatisfy({ $0.isHexDigit || $0 == "." || $0 == ":" })
            else { return nil }
            return GuestAddress(address: words[2], mac: words[1], source: asking ? .probe : .arp)
        }
    }

    static let body = String(decoding: PackageResources.neighbour_probe_sh, as: UTF8.self)
}
