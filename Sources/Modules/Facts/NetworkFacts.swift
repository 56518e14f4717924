internal import Values

/// Names and addresses of a host.
struct NetworkFacts {
    private let raw: RawFacts

    init(_ raw: RawFacts) { self.raw = raw }

    func add(to facts: inout Mapping) {
        addNames(to: &facts)
        var hardware = Mapping()
        for path in raw.paths(in: "/sys/class/net/") {
            let parts = path.split(separator: "/")
            if parts.count == 5, let address = raw.line(path) { hardware[String(parts[3])] = Value(address) }
        }
        facts["hwaddr_interfaces"] = Value(hardware)
        addAddresses(hardware.keys, to: &facts)
        for route in raw.routes {
            let words = route.split(separator: " ").map(String.init)
            guard words.first == "default", let via = words.firstIndex(of: "via"), via + 1 < words.count else {
                continue
            }
            facts["ip4_gw"] = Value(words[via + 1])
            break
        }
    }

    /// The whole name is what /etc/hosts gives to the short one; no name server is asked, for that may take long.
    private func addNames(to facts: inout Mapping) {
        let nodename = raw.line("/proc/sys/kernel/hostname") ?? "localhost"
        let short = nodename.split(separator: ".").first.map(String.init) ?? nodename
        var full = nodename
        if !nodename.contains(".") {
            for line in raw.lines("/etc/hosts") where !line.hasPrefix("#") {
                let names = line.split(whereSeparator: { " \t".contains($0) }).dropFirst().map(String.init)
                if names.contains(nodename), let found = names.first(where: { $0.hasPrefix(short + ".") }) {
                    full = found
                    break
                }
            }
        }
        facts["nodename"] = Value(nodename)
        facts["host"] = Value(short)
        facts["fqdn"] = Value(full)
        facts["localhost"] = Value(nodename)
        facts["domain"] = Value(full.split(separator: ".").dropFirst().joined(separator: "."))
        var servers: [Value] = []
        for line in raw.lines("/etc/resolv.conf") {
            let words = line.split(whereSeparator: { " \t".contains($0) })
            if words.first == "nameserver", words.count > 1 { servers.append(Value(String(words[1]))) }
        }
        facts["dns"] = Value(Mapping([("nameservers", Value(servers))]))
    }

    private func addAddresses(_ interfaces: [Value], to facts: inout Mapping) {
        var four = Mapping()
        var six = Mapping()
        var both = Mapping()
        for name in interfaces { (four[name], six[name], both[name]) = (Value([]), Value([]), Value([])) }
        var allFour: Set<String> = []
        var allSix: Set<String> = []
        for line in raw.addresses {
            // 2: eth0    inet 10.0.0.2/24 brd 10.0.0.255 scope global eth0
            let words = line.split(separator: " ").map(String.init)
            guard words.count > 3, let address = words[3].split(separator: "/").first.map(String.init) else { continue }
            let name = Value(String(words[1].split(separator: "@").first ?? ""))
            if words[2] == "inet" {
                four[name] = Value((four[name]?.list ?? []) + [Value(address)])
                allFour.insert(address)
            } else if words[2] == "inet6" {
                six[name] = Value((six[name]?.list ?? []) + [Value(address)])
                allSix.insert(address)
            } else {
                continue
            }
            both[name] = Value((both[name]?.list ?? []) + [Value(address)])
        }
        facts["ip4_interfaces"] = Value(four)
        facts["ip6_interfaces"] = Value(six)
        facts["ip_interfaces"] = Value(both)
        facts["ipv4"] = Value(allFour.sorted().map { Value($0) })
        facts["ipv6"] = Value(allSix.sorted().map { Value($0) })
    }
}
