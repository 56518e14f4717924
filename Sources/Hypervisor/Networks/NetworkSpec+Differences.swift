extension NetworkSpec {
    /// In what a network as it is (`found`) is not what this asks for. What this leaves to libvirt (the bridge's name, the
    /// ports of address translation) is not compared.
    public func differences(from found: NetworkSpec) -> [SpecDifference] {
        SpecDifference.between(
            found: found.properties, wanted: properties, optional: ["bridge", "nat.ports", "domain.localOnly"])
    }

    private var properties: [(String, String?)] {
        var list: [(String, String?)] = [
            ("forward", mode.rawValue), ("bridge", bridge), ("interfaces", Self.joined(devices)),
            ("addresses", Self.joined(functions.map(\.description))), ("physical_function", physicalFunction),
            ("managed", mode == .hostdev ? "\(isManaged)" : nil),
            ("nat.address", nat?.addresses?.text), ("nat.port", nat?.ports.map { "\($0.lowerBound)-\($0.upperBound)" }),
            ("nat.ipv6", nat.flatMap { $0.isForIPv6 ? "true" : nil }), ("vport", virtualPort?.text),
            ("tag", vlan?.text), ("mtu", mtu.map { "\($0)" }),
            ("domain", domain.map { $0.isLocalOnly ? "\($0.name) (local only)" : $0.name }),
        ]
        list += (names ?? NetworkNames()).properties
        for (index, ip) in sortedAddressing.enumerated() {
            let isFirst = index == sortedAddressing.firstIndex { $0.isIPv6 == ip.isIPv6 }
            let family = ip.isIPv6 ? "ipv6" : "ipv4"
            list += ip.properties(isFirst ? family : "\(family)[\(ip.address)]")
        }
        list.append(("portgroups", Self.joined(portGroups.map(\.text).sorted())))
        return list
    }

    private var sortedAddressing: [NetworkAddressing] {
        addressing.filter { !$0.isIPv6 } + addressing.filter(\.isIPv6)
    }

    static func joined(_ words: [String]) -> String? { words.isEmpty ? nil : words.joined(separator: ", ") }
}

extension NetworkSpec.Span {
    /// With the addresses in canonical form.
    var text: String {
        "\(IPAddress(start)?.description ?? start)-\(IPAddress(end)?.description ?? end)"
    }
}

extension NetworkSpec.VirtualPort {
    fileprivate var text: String {
        ([type] + parameters.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }).joined(separator: " ")
    }
}

extension NetworkSpec.VLAN {
    fileprivate var text: String {
        let words = tags.map { tag in tag.nativeMode.map { "\(tag.id) native \($0)" } ?? "\(tag.id)" }
        return (isTrunk || tags.count > 1 ? "trunk " : "") + words.joined(separator: ", ")
    }
}

extension NetworkSpec.PortGroup {
    var text: String {
        [name, isDefault ? "default" : nil, virtualPort?.text, vlan?.text].compactMap { $0 }.joined(separator: " ")
    }
}

extension NetworkNames {
    fileprivate var properties: [(String, String?)] {
        [
            ("dns.enabled", isEnabled ? nil : "false"),
            ("dns.forward_plain_names", forwardsPlainNames ? nil : "false"),
            ("dns.forwarders", NetworkSpec.joined(forwarders.map(\.text))),
            ("dns.txt", NetworkSpec.joined(texts.map { "\($0.name)=\($0.value)" }.sorted())),
            ("dns.srvs", NetworkSpec.joined(services.map(\.text).sorted())),
            ("dns.hosts", NetworkSpec.joined(hosts.map(\.text).sorted())),
        ]
    }
}

extension NetworkNames.Forwarder {
    fileprivate var text: String {
        let canonical = address.map { IPAddress($0)?.description ?? $0 }
        return [domain, canonical].compactMap { $0 }.joined(separator: "=")
    }
}

extension NetworkNames.Host {
    var text: String { "\(IPAddress(address)?.description ?? address)=\(names.joined(separator: "+"))" }
}

extension NetworkNames.Service {
    var text: String {
        let numbers = [("port", port), ("priority", priority), ("weight", weight)].compactMap { name, value in
            value.map { "\(name)=\($0)" }
        }
        return (["_\(name)._\(transport)", domain, target.map { "-> \($0)" }].compactMap { $0 } + numbers)
            .joined(separator: " ")
    }
}

extension NetworkAddressing {
    fileprivate func properties(_ family: String) -> [(String, String?)] {
        [
            ("\(family).address", "\(IPAddress(address)?.description ?? address)/\(prefix)"),
            ("\(family).dhcp_ranges", NetworkSpec.joined(ranges.map(\.text))),
            ("\(family).hosts", NetworkSpec.joined(reservations.map(\.text).sorted())),
            ("\(family).bootp", boot.map { [$0.file, $0.server].compactMap { $0 }.joined(separator: " from ") }),
            ("\(family).tftp", tftp),
        ]
    }
}

extension NetworkAddressing.Reservation {
    var text: String {
        let who = [mac?.description, id, name].compactMap { $0 }.joined(separator: " ")
        return "\(who) \(IPAddress(address)?.description ?? address)"
    }
}
