/// The definition of a network as text. Its parts are what `virNetworkUpdate` takes, too.
enum NetworkXML {
    static func element(_ spec: NetworkSpec) -> XMLElement {
        let single = [
            XMLElement("name", text: spec.name), spec.uuid.map { XMLElement("uuid", text: $0) }, forward(spec),
            spec.bridge.map { name in
                spec.mode.hasOwnBridge
                    ? XMLElement("bridge", ["name": name, "stp": "on", "delay": "0"])
                    : XMLElement("bridge", ["name": name])
            },
            spec.mac.map { XMLElement("mac", ["address": $0.description]) },
            spec.mtu.map { XMLElement("mtu", ["size": "\($0)"]) }, spec.domain.map(domain),
            spec.names.map(names), spec.virtualPort.map(virtualPort), spec.vlan.map(vlan),
        ]
        return XMLElement(
            "network", [:],
            single.compactMap { $0 } + spec.addressing.map(addressing) + spec.portGroups.map(portGroup))
    }

    private static func forward(_ spec: NetworkSpec) -> XMLElement? {
        guard spec.mode != .isolated else { return nil }
        let managed = spec.mode == .hostdev && spec.isManaged ? "yes" : nil
        var children = spec.devices.map(forwardDevice)
        children += spec.functions.map { $0.element("address", type: "pci") }
        if let card = spec.physicalFunction { children.append(XMLElement("pf", ["dev": card])) }
        if let nat = spec.nat { children.append(translation(nat)) }
        return XMLElement("forward", ["mode": spec.mode.rawValue, "managed": managed], children)
    }

    static func forwardDevice(_ name: String) -> XMLElement { XMLElement("interface", ["dev": name]) }

    private static func translation(_ nat: NetworkSpec.NAT) -> XMLElement {
        let children = [
            nat.addresses.map { XMLElement("address", ["start": $0.start, "end": $0.end]) },
            nat.ports.map { XMLElement("port", ["start": "\($0.lowerBound)", "end": "\($0.upperBound)"]) },
        ]
        return XMLElement("nat", ["ipv6": nat.isForIPv6 ? "yes" : nil], children.compactMap { $0 })
    }

    private static func virtualPort(_ port: NetworkSpec.VirtualPort) -> XMLElement {
        var parameters = XMLElement("parameters")
        for (name, value) in port.parameters.sorted(by: { $0.key < $1.key }) { parameters[attribute: name] = value }
        return XMLElement("virtualport", ["type": port.type], port.parameters.isEmpty ? [] : [parameters])
    }

    private static func vlan(_ vlan: NetworkSpec.VLAN) -> XMLElement {
        XMLElement(
            "vlan", ["trunk": vlan.isTrunk ? "yes" : nil],
            vlan.tags.map { XMLElement("tag", ["id": "\($0.id)", "nativeMode": $0.nativeMode]) })
    }

    static func portGroup(_ group: NetworkSpec.PortGroup) -> XMLElement {
        XMLElement(
            "portgroup", ["name": group.name, "default": group.isDefault ? "yes" : nil],
            [group.virtualPort.map(virtualPort), group.vlan.map(vlan)].compactMap { $0 })
    }

    private static func domain(_ domain: NetworkNames.Domain) -> XMLElement {
        XMLElement("domain", ["name": domain.name, "localOnly": domain.isLocalOnly ? "yes" : nil])
    }

    private static func names(_ names: NetworkNames) -> XMLElement {
        let forwarders = names.forwarders.map { XMLElement("forwarder", ["domain": $0.domain, "addr": $0.address]) }
        return XMLElement(
            "dns",
            [
                "enable": names.isEnabled ? nil : "no",
                "forwardPlainNames": names.forwardsPlainNames ? nil : "no",
            ],
            forwarders + names.texts.map(text) + names.services.map(service) + names.hosts.map(host))
    }

    static func text(_ text: NetworkNames.Text) -> XMLElement {
        XMLElement("txt", ["name": text.name, "value": text.value])
    }

    static func service(_ service: NetworkNames.Service) -> XMLElement {
        XMLElement(
            "srv",
            [
                "service": service.name, "protocol": service.transport, "domain": service.domain,
                "target": service.target, "port": service.port.map { "\($0)" },
                "priority": service.priority.map { "\($0)" }, "weight": service.weight.map { "\($0)" },
            ])
    }

    static func host(_ host: NetworkNames.Host) -> XMLElement {
        XMLElement("host", ["ip": host.address], host.names.map { XMLElement("hostname", text: $0) })
    }

    private static func addressing(_ ip: NetworkAddressing) -> XMLElement {
        let dhcp =
            ip.ranges.map(range) + ip.reservations.map(reservation)
            + [ip.boot.map { XMLElement("bootp", ["file": $0.file, "server": $0.server]) }].compactMap { $0 }
        let children = [
            ip.tftp.map { XMLElement("tftp", ["root": $0]) }, dhcp.isEmpty ? nil : XMLElement("dhcp", [:], dhcp),
        ]
        return XMLElement(
            "ip",
            ["family": ip.isIPv6 ? "ipv6" : "ipv4", "address": ip.address, "prefix": "\(ip.prefix)"],
            children.compactMap { $0 })
    }

    static func range(_ span: NetworkSpec.Span) -> XMLElement {
        XMLElement("range", ["start": span.start, "end": span.end])
    }

    static func reservation(_ host: NetworkAddressing.Reservation) -> XMLElement {
        XMLElement(
            "host", ["mac": host.mac?.description, "id": host.id, "name": host.name, "ip": host.address])
    }
}
