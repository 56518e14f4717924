extension NetworkSpec {
    /// Reads a definition as libvirt gives it; nil for a mode that is not known here.
    public init?(reading document: XMLElement) {
        let forward = document.first("forward")
        guard let mode = forward.map({ Mode(rawValue: $0[attribute: "mode"] ?? "nat") }) ?? .isolated else {
            return nil
        }
        self.init(
            name: document.first("name")?.text ?? "", mode: mode,
            bridge: document.first("bridge")?[attribute: "name"])
        uuid = document.first("uuid")?.text
        mac = document.first("mac")?[attribute: "address"].flatMap { MACAddress($0) }
        if let forward { read(forward) }
        virtualPort = document.first("virtualport").map(VirtualPort.init)
        vlan = document.first("vlan").map(VLAN.init)
        mtu = document.first("mtu")?[attribute: "size"].flatMap { Int($0) }
        domain = document.first("domain").map { element in
            NetworkNames.Domain(
                name: element[attribute: "name"] ?? "", isLocalOnly: element[attribute: "localOnly"] == "yes")
        }
        names = document.first("dns").map(NetworkNames.init)
        addressing = document.all("ip").map(NetworkAddressing.init)
        portGroups = document.all("portgroup").map { element in
            PortGroup(
                name: element[attribute: "name"] ?? "", isDefault: element[attribute: "default"] == "yes",
                virtualPort: element.first("virtualport").map(VirtualPort.init),
                vlan: element.first("vlan").map(VLAN.init))
        }
    }

    private mutating func read(_ forward: XMLElement) {
        devices = forward.all("interface").compactMap { $0[attribute: "dev"] }
        if devices.isEmpty, let device = forward[attribute: "dev"] { devices = [device] }
        functions = forward.all("address").compactMap { PCIAddress($0) }
        physicalFunction = forward.first("pf")?[attribute: "dev"]
        if mode == .hostdev { isManaged = forward[attribute: "managed"] == "yes" }
        nat = forward.first("nat").map { element in
            let ports = element.first("port").flatMap { port -> ClosedRange<Int>? in
                guard let start = port[attribute: "start"].flatMap({ Int($0) }),
                    let end = port[attribute: "end"].flatMap({ Int($0) }), start <= end
                else { return nil }
                return start...end
            }
            return NAT(
                addresses: element.first("address").map(Span.init), ports: ports,
                isForIPv6: element[attribute: "ipv6"] == "yes")
        }
    }
}

extension NetworkSpec.Span {
    init(_ element: XMLElement) {
        self.init(start: element[attribute: "start"] ?? "", end: element[attribute: "end"] ?? "")
    }
}

extension NetworkSpec.VirtualPort {
    init(_ element: XMLElement) {
        let pairs = element.first("parameters")?.attributes.map { ($0.name, $0.value) } ?? []
        self.init(
            type: element[attribute: "type"] ?? "", parameters: Dictionary(pairs) { first, _ in first })
    }
}

extension NetworkSpec.VLAN {
    init(_ element: XMLElement) {
        let tags = element.all("tag").map { tag in
            Tag(id: tag[attribute: "id"].flatMap { Int($0) } ?? 0, nativeMode: tag[attribute: "nativeMode"])
        }
        self.init(tags: tags, isTrunk: element[attribute: "trunk"] == "yes" || tags.count > 1)
    }
}

extension NetworkNames {
    init(_ element: XMLElement) {
        func number(_ element: XMLElement, _ name: String) -> Int? { element[attribute: name].flatMap { Int($0) } }
        self.init()
        isEnabled = element[attribute: "enable"] != "no"
        forwardsPlainNames = element[attribute: "forwardPlainNames"] != "no"
        forwarders = element.all("forwarder").map {
            Forwarder(domain: $0[attribute: "domain"], address: $0[attribute: "addr"])
        }
        texts = element.all("txt").map {
            Text(name: $0[attribute: "name"] ?? "", value: $0[attribute: "value"] ?? "")
        }
        services = element.all("srv").map { srv in
            Service(
                name: srv[attribute: "service"] ?? "", transport: srv[attribute: "protocol"] ?? "",
                domain: srv[attribute: "domain"], target: srv[attribute: "target"], port: number(srv, "port"),
                priority: number(srv, "priority"), weight: number(srv, "weight"))
        }
        hosts = element.all("host").map { host in
            Host(address: host[attribute: "ip"] ?? "", names: host.all("hostname").map(\.text))
        }
    }
}

extension NetworkAddressing {
    init(_ element: XMLElement) {
        let dhcp = element.first("dhcp")
        let prefix =
            element[attribute: "prefix"].flatMap { Int($0) }
            ?? element[attribute: "netmask"].flatMap { IPAddress.prefix(ofNetmask: $0) }
        self.init(
            address: element[attribute: "address"] ?? "", prefix: prefix ?? 0,
            ranges: dhcp?.all("range").map(NetworkSpec.Span.init) ?? [],
            reservations: dhcp?.all("host").map { host in
                Reservation(
                    address: host[attribute: "ip"] ?? "", mac: host[attribute: "mac"].flatMap { MACAddress($0) },
                    id: host[attribute: "id"], name: host[attribute: "name"])
            } ?? [],
            boot: dhcp?.first("bootp").map { Boot(file: $0[attribute: "file"] ?? "", server: $0[attribute: "server"]) },
            tftp: element.first("tftp")?[attribute: "root"])
    }
}
