internal import Hypervisor
internal import Values

/// The cards of a VM as cloud-init's network configuration, version 2.
struct NetworkConfig {
    private let nics: [NICRequest]

    init(_ nics: [NICRequest]) { self.nics = nics }

    /// Nil when there is nothing to say: cloud-init itself brings the first card up by DHCP.
    var text: String? {
        let isPlain = nics.allSatisfy { $0.address == nil && $0.gateway == nil && $0.dns.isEmpty && $0.mtu == nil }
        guard nics.count > 1 || !isPlain else { return nil }
        var cards = Mapping()
        for nic in nics { cards[Value(nic.name)] = Value(card(nic)) }
        return YAML.write(["version": 2, "ethernets": Value(cards)])
    }

    private func card(_ nic: NICRequest) -> Mapping {
        var card = Mapping()
        // By its address: what a guest calls its cards is the guest's affair.
        if let mac = nic.mac { card["match"] = ["macaddress": Value(mac.description)] }
        if let mtu = nic.mtu { card["mtu"] = Value(mtu) }
        if let address = nic.address {
            card["addresses"] = Value([Value(address)])
            if let gateway = nic.gateway {
                // Older releases of cloud-init do not know "default".
                let all = gateway.contains(":") ? "::/0" : "0.0.0.0/0"
                card["routes"] = Value([["to": Value(all), "via": Value(gateway)]])
            }
        } else {
            card["dhcp4"] = true
        }
        if !nic.dns.isEmpty { card["nameservers"] = ["addresses": Value(nic.dns.map { Value($0) })] }
        return card
    }
}
