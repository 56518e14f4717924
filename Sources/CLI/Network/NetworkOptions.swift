internal import ArgumentParser
internal import Fleet
internal import Values

/// What a network is, as options; each is one of Salt's arguments.
struct NetworkOptions: ParsableArguments {
    @Option(
        help: "nat, route, open, isolated, bridge, macvtap, private, vepa, passthrough or hostdev")
    var mode: String?
    @Option(help: "The host's bridge, or the name of the one that libvirt makes") var bridge: String?
    @Option(help: "The host's card for macvtap, or that NAT goes out by (repeatable)") var interface: [String] = []
    @Option(help: "PCI address of a virtual function, for hostdev (repeatable)") var pciAddress: [String] = []
    @Option(help: "Card whose virtual functions are given out, for hostdev") var physicalFunction: String?
    @Option(help: "Network, or the host's address in it: 192.168.50.0/24") var cidr: String?
    @Option(help: "DHCP range START-END (repeatable)") var range: [String] = []
    @Option(help: "DHCP address kept for a card: MAC,ADDRESS[,NAME] (repeatable)") var host: [String] = []
    @Option(help: "Boot file that DHCP names") var bootpFile: String?
    @Option(help: "Server of the boot file") var bootpServer: String?
    @Option(help: "Directory that TFTP serves") var tftp: String?
    @Option(help: "IPv6 network, or the host's address in it: fd00:50::/64") var cidr6: String?
    @Option(help: "DHCPv6 range START-END (repeatable)") var range6: [String] = []
    @Option(help: "Domain of its guests") var domain: String?
    @Flag(help: "Pass no question about the domain on") var domainLocalOnly = false
    @Option(help: "DNS server to ask: ADDRESS, or DOMAIN=ADDRESS for one domain (repeatable)")
    var dnsForwarder: [String] = []
    @Option(help: "DNS name: ADDRESS=NAME[,NAME] (repeatable)") var dnsHost: [String] = []
    @Option(help: "DNS text record: NAME=TEXT (repeatable)") var dnsTxt: [String] = []
    @Flag(help: "No DNS server") var noDns = false
    @Option(help: "MTU") var mtu: Int?
    @Option(help: "VLAN (repeatable; several make a trunk)") var vlan: [Int] = []
    @Flag(help: "Make the VLAN a trunk") var trunk = false
    @Option(help: "Kind of switch: openvswitch, 802.1Qbg, 802.1Qbh, midonet") var vport: String?
    @Option(help: "Outer addresses of NAT: START-END") var natAddress: String?
    @Option(help: "Outer ports of NAT: START-END") var natPorts: String?
    @Flag(help: "Translate IPv6 too") var natIpv6 = false
    @Option(help: "Group of settings for cards: NAME[,vlan=N][,vport=TYPE][,default] (repeatable)")
    var portgroup: [String] = []

    func validate() throws {
        if domainLocalOnly, domain == nil { throw ValidationError("--domain-local-only needs --domain") }
        if trunk, vlan.isEmpty { throw ValidationError("--trunk needs --vlan") }
        if bootpServer != nil, bootpFile == nil { throw ValidationError("--bootp-server needs --bootp-file") }
    }

    /// The options that were given, laid over `base`.
    func arguments(over base: Mapping) throws -> Mapping {
        var map = base
        for (key, text) in [
            ("forward", mode), ("bridge", bridge), ("physical_function", physicalFunction), ("vport", vport),
        ] {
            if let text { map[key] = Value(text) }
        }
        if !interface.isEmpty { map["interfaces"] = Value(interface.map { Value($0) }) }
        if !pciAddress.isEmpty { map["addresses"] = Value(pciAddress.map { Value($0) }) }
        if let mtu { map["mtu"] = Value(mtu) }
        if let domain {
            var whole = map["domain"]?.map ?? Mapping()
            whole["name"] = Value(domain)
            if domainLocalOnly { whole["localOnly"] = true }
            map["domain"] = Value(whole)
        }
        if !vlan.isEmpty {
            map["tag"] = ["trunk": Value(trunk), "tags": Value(vlan.map { ["id": Value($0)] })]
        }
        if let value = addressing("ipv4_config", cidr, range, map) { map["ipv4_config"] = try dhcp(value) }
        if let value = addressing("ipv6_config", cidr6, range6, map) { map["ipv6_config"] = Value(value) }
        if let nat = translation(over: map["nat"]?.map ?? Mapping()) { map["nat"] = Value(nat) }
        if let names = try names(over: map["dns"]?.map ?? Mapping()) { map["dns"] = Value(names) }
        if !portgroup.isEmpty { map["portgroups"] = Value(try portgroup.map(Self.group)) }
        return map
    }

    private func addressing(_ key: String, _ cidr: String?, _ ranges: [String], _ map: Mapping) -> Mapping? {
        var config = map[key]?.map ?? Mapping()
        if let cidr, config["cidr"] != Value(cidr) {
            // Ranges and addresses of another network make no sense in this one.
            config = Mapping([("cidr", Value(cidr))])
        }
        if !ranges.isEmpty { config["dhcp_ranges"] = Value(ranges.map(Self.span)) }
        let isIPv4 = key == "ipv4_config"
        let hasMore = isIPv4 && (!host.isEmpty || bootpFile != nil || tftp != nil)
        return cidr != nil || !ranges.isEmpty || hasMore ? config : nil
    }

    private func dhcp(_ base: Mapping) throws -> Value {
        var config = base
        if !host.isEmpty { config["hosts"] = Value(Mapping(try host.map(Self.reservation))) }
        if let bootpFile {
            var boot = Mapping([("file", Value(bootpFile))])
            boot["server"] = bootpServer.map { Value($0) }
            config["bootp"] = Value(boot)
        }
        if let tftp { config["tftp"] = Value(tftp) }
        return Value(config)
    }

    private func translation(over base: Mapping) -> Mapping? {
        var nat = base
        if let natAddress { nat["address"] = Self.span(natAddress) }
        if let natPorts { nat["port"] = Self.span(natPorts) }
        if natIpv6 { nat["ipv6"] = true }
        return nat.isEmpty ? nil : nat
    }

    private func names(over base: Mapping) throws -> Mapping? {
        var dns = base
        if noDns { dns["enable"] = false }
        if !dnsForwarder.isEmpty {
            dns["forwarders"] = Value(
                dnsForwarder.map { text in
                    let parts = text.split(separator: "=", maxSplits: 1).map { Value(String($0)) }
                    return parts.count == 2 ? ["domain": parts[0], "addr": parts[1]] : ["addr": Value(text)]
                })
        }
        if !dnsHost.isEmpty {
            dns["hosts"] = Value(
                Mapping(
                    try dnsHost.map { text in
                        let (address, names) = try Self.pair(text, "--dns-host", "ADDRESS=NAME[,NAME]")
                        return (address, Value(names.split(separator: ",").map { Value(String($0)) }))
                    }))
        }
        if !dnsTxt.isEmpty {
            dns["txt"] = Value(
                Mapping(
                    try dnsTxt.map { text in
                        let (name, value) = try Self.pair(text, "--dns-txt", "NAME=TEXT")
                        return (name, Value(value))
                    }))
        }
        return dns.isEmpty ? nil : dns
    }

    private static func span(_ text: String) -> Value {
        let ends = text.split(separator: "-", maxSplits: 1).map { Value(String($0)) }
        return ends.count == 2 ? ["start": ends[0], "end": ends[1]] : ["start": Value(text), "end": Value(text)]
    }

    static func reservation(_ text: String) throws -> (String, Value) {
        let parts = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        guard (2...3).contains(parts.count) else {
            throw ValidationError("\"\(text)\": expected MAC,ADDRESS[,NAME]")
        }
        var entry = Mapping([("ip", Value(parts[1]))])
        if parts.count == 3 { entry["name"] = Value(parts[2]) }
        return (parts[0].lowercased(), Value(entry))
    }

    private static func pair(_ text: String, _ option: String, _ form: String) throws -> (String, String) {
        let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
        guard parts.count == 2 else { throw ValidationError("\(option) \"\(text)\": expected \(form)") }
        return (parts[0], parts[1])
    }

    private static func group(_ text: String) throws -> Value {
        let words = text.split(separator: ",").map(String.init)
        guard let name = words.first else { throw ValidationError("--portgroup needs a name") }
        var map = Mapping([("name", Value(name))])
        for word in words.dropFirst() {
            let parts = word.split(separator: "=", maxSplits: 1).map(String.init)
            switch (parts[0], parts.count) {
            case ("default", 1): map["default"] = true
            case ("vlan", 2): map["tag"] = Value(parts[1].split(separator: "+").map { Value(String($0)) })
            case ("vport", 2): map["vport"] = Value(parts[1])
            default: throw ValidationError("--portgroup \"\(text)\": expected NAME[,vlan=N][,vport=TYPE][,default]")
            }
        }
        return Value(map)
    }
}
