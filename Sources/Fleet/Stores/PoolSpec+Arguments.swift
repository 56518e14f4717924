package import Hypervisor
package import Values

extension PoolSpec {
    /// The arguments that make this pool, by Salt's keys: what ``PoolWish`` reads. Never a password.
    package var arguments: Mapping {
        var map = Mapping([("ptype", Value(kind.rawValue))])
        map["target"] = target.map { Value($0) }
        if permissions != Permissions() { map["permissions"] = Value(permissions.arguments) }
        if source != PoolSource() { map["source"] = Value(source.arguments) }
        return map
    }
}

extension PoolSpec.Permissions {
    package var arguments: Mapping {
        var map = Mapping()
        map["mode"] = mode.map { Value("0" + String($0, radix: 8)) }
        map["owner"] = owner.map { Value(Int($0)) }
        map["group"] = group.map { Value(Int($0)) }
        map["label"] = label.map { Value($0) }
        return map
    }
}

extension PoolSource {
    fileprivate var arguments: Mapping {
        var map = Mapping()
        if !devices.isEmpty {
            map["devices"] = Value(
                devices.map { device in
                    var entry = Mapping([("path", Value(device.path))])
                    entry["part_separator"] = device.hasPartSeparator.map { Value($0) }
                    return Value(entry)
                })
        }
        map["dir"] = directory.map { Value($0) }
        map["initiator"] = initiator.map { Value($0) }
        map["adapter"] = adapter.map { Value($0.arguments) }
        if !servers.isEmpty {
            map["hosts"] = Value(
                servers.map { server in
                    let name = server.name.contains(":") ? "[\(server.name)]" : server.name
                    return Value(server.port.map { "\(name):\($0)" } ?? name)
                })
        }
        map["auth"] = login.map { Value($0.arguments) }
        map["name"] = name.map { Value($0) }
        map["format"] = format.map { Value($0) }
        return map
    }
}

extension PoolSource.Login {
    fileprivate var arguments: Mapping {
        let secret: Value =
            switch self.secret {
            case .uuid(let uuid): ["type": "uuid", "value": Value(uuid)]
            case .usage(let usage): ["type": "usage", "value": Value(usage)]
            }
        return Mapping([("type", Value(kind.rawValue)), ("username", Value(user)), ("secret", secret)])
    }
}

extension PoolSource.Adapter {
    fileprivate var arguments: Mapping {
        var map = Mapping([("type", Value(type))])
        for (name, value) in attributes.sorted(by: { $0.key < $1.key }) { map[name] = Value(value) }
        if let parentAddress {
            var parent = Mapping([("address", Value(parentAddress.description))])
            parent["unique_id"] = uniqueID.map { Value($0) }
            map["parent_address"] = Value(parent)
        }
        return map
    }
}
