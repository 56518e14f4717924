internal import Values

/// What can only be seen with all hosts side by side.
enum HostConsistency {
    static func problems(hosts: [Host], machines: [Inventory.MachineEntry]) -> [Diagnostic] {
        sharedAddresses(hosts) + jumpCycles(hosts) + sharedNames(hosts, machines)
    }

    /// Two names for one machine would have it changed by two runs at once.
    private static func sharedAddresses(_ hosts: [Host]) -> [Diagnostic] {
        var seen: [String: Host] = [:]
        return hosts.compactMap { host in
            let key = "\(host.address.lowercased()) \(host.port ?? 22) \(host.jump ?? "") \(host.connection)"
            guard let other = seen.updateValue(host, forKey: key) else { return nil }
            return .error(
                "hosts \"\(other.name)\" and \"\(host.name)\" have the same address \"\(host.address)\"",
                detail: other.mark.map { "\"\(other.name)\" is at \($0)" }, mark: host.mark)
        }
    }

    private static func jumpCycles(_ hosts: [Host]) -> [Diagnostic] {
        let jumps = Dictionary(hosts.compactMap { host in host.jump.map { (host.name, $0) } }) { first, _ in first }
        return hosts.compactMap { host in
            var here = host.name
            for _ in 0...jumps.count {
                guard let next = jumps[here] else { return nil }
                if next == host.name {
                    return .error(
                        "host \"\(host.name)\" is reached through itself", detail: "its jump host leads back to it",
                        mark: host.mark)
                }
                here = next
            }
            return nil
        }
    }

    private static func sharedNames(_ hosts: [Host], _ machines: [Inventory.MachineEntry]) -> [Diagnostic] {
        let places = Dictionary(hosts.map { ($0.name, $0) }) { first, _ in first }
        return machines.compactMap { machine in
            guard let host = places[machine.name] else { return nil }
            return .error(
                "VM \"\(machine.name)\" has the name of a host", detail: host.mark.map { "the host is at \($0)" },
                mark: machine.mark)
        }
    }
}
