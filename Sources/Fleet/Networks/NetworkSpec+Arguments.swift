package import Hypervisor
package import Values

extension NetworkSpec {
    /// The arguments that make this network, by Salt's keys: what ``NetworkWish`` reads.
    package var arguments: Mapping {
        var map = Mapping([("forward", Value(mode.rawValue))])
        map["bridge"] = bridge.map { Value($0) }
        if !devices.isEmpty { map["interfaces"] = Value(devices.map { Value($0) }) }
        if !functions.isEmpty { map["addresses"] = Value(functions.map { Value($0.description) }) }
        map["physical_function"] = physicalFunction.map { Value($0) }
        map["nat"] = nat.map { Value($0.arguments) }
        map["vport"] = virtualPort.map { Value($0.arguments) }
        map["tag"] = vlan.map { Value($0.arguments) }
        map["mtu"] = mtu.map { Value($0) }
        map["domain"] = domain.map { ["name": Value($0.name), "localOnly": Value($0.isLocalOnly)] }
        map["dns"] = names.map { Value($0.arguments) }
        for (key, list) in [
            ("ipv4_config", addressing.filter { !$0.isIPv6 }), ("ipv6_config", addressing.filter(\.isIPv6)),
        ] where !list.isEmpty {
            let values = list.map { Value($0.arguments) }
            map[key] = values.count == 1 ? values[0] : Value(values)
        }
        if !portGroups.isEmpty { map["portgroups"] = Value(portGroups.map { Value($0.arguments) }) }
        return map
    }
}

extension NetworkSpec.NAT {
    fileprivate var arguments: Mapping {
        var map = Mapping()
        map["address"] = addresses.map { Value($0.arguments) }
        map["port"] = ports.map { ["start": Value($0.lowerBound), "end": Value($0.upperBound)] }
        if isForIPv6 { map["ipv6"] = true }
        return map
    }
}

extension NetworkSpec.Span {
    fileprivate var arguments: Mapping { Mapping([("start", Value(start)), ("end", Value(end))]) }
}

extension NetworkSpec.VirtualPort {
    fileprivate var arguments: Mapping {
        var map = Mapping([("type", Value(type))])
        if !parameters.isEmpty {
            map["parameters"] = Value(
                Mapping(parameters.sorted { $0.key < $1.key }.map { ($0.key, Value($0.value)) }))
        }
        return map
    }
}

extension NetworkSpec.VLAN {
    fileprivate var arguments: Mapping {
        let list = tags.map { tag -> Value in
            var entry = Mapping([("id", Value(tag.id))])
            entry["nativeMode"] = tag.nativeMode.map { Value($0) }
            return Value(entry)
        }
        return Mapping([("trunk", Value(isTrunk)), ("tags", Value(list))])
    }
}

extension NetworkSpec.PortGroup {
    fileprivate var arguments: Mapping {
        var map = Mapping([("name", Value(name)), ("default", Value(isDefault))])
        map["vport"] = virtualPort.map { Value($0.arguments) }
        map["tag"] = vlan.map { Value($0.arguments) }
        return map
    }
}

extension NetworkNames {
    fileprivate var arguments: Mapping {
        var map = Mapping()
        if !isEnabled { map["enable"] = false }
        if !forwardsPlainNames { map["forward_plain_names"] = false }
        if !forwarders.isEmpty {
            map["forwarders"] = Value(
                forwarders.map { forwarder in
                    var entry = Mapping()
                    entry["domain"] = forwarder.domain.map { Value($0) }
                    entry["addr"] = forwarder.address.map { Value($0) }
                    return Value(entry)
                })
        }
        if !texts.isEmpty { map["txt"] = Value(Mapping(texts.map { ($0.name, Value($0.value)) })) }
        if !hosts.isEmpty {
            map["hosts"] = Value(Mapping(hosts.map { ($0.address, Value($0.names.map { Value($0) })) }))
        }
        if !services.isEmpty { map["srvs"] = Value(services.map { Value($0.arguments) }) }
        return map
    }
}

extension NetworkNames.Service {
    fileprivate var arguments: Mapping {
        var map = Mapping([("name", Value(name)), ("protocol", Value(transport))])
        map["domain"] = domain.map { Value($0) }
        map["target"] = target.map { Value($0) }
        for (key, number) in [("port", port), ("priority", priority), ("weight", weight)] {
            map[key] = number.map { Value($0) }
        }
        return map
    }
}

extension NetworkAddressing {
    fileprivate var arguments: Mapping {
        var map = Mapping([("cidr", Value("\(address)/\(prefix)"))])
        if !ranges.isEmpty { map["dhcp_ranges"] = Value(ranges.map { Value($0.arguments) }) }
        if !reservations.isEmpty {
            map["hosts"] = Value(
                Mapping(
                    reservations.map { host in
                        var entry = Mapping([("ip", Value(host.address))])
                        entry["name"] = host.name.map { Value($0) }
                        if host.mac != nil { entry["id"] = host.id.map { Value($0) } }
                        return (host.mac?.description ?? host.id ?? host.name ?? "", Value(entry))
                    }))
        }
        if let boot {
            var entry = Mapping([("file", Value(boot.file))])
            entry["server"] = boot.server.map { Value($0) }
            map["bootp"] = Value(entry)
        }
        map["tftp"] = tftp.map { Value($0) }
        return map
    }
}
