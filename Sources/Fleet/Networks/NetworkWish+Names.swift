internal import Hypervisor
internal import Values

extension NetworkNames.Domain {
    /// A name alone, or `{name, localOnly}`.
    init(_ value: Value, of subject: String) throws(Diagnostics) {
        if let name = value.string {
            self.init(name: name)
            return
        }
        let arguments = try StoreArguments(value, of: "\"domain\" of \(subject)", allowed: ["name", "localOnly"])
        self.init(
            name: try arguments.required("name"), isLocalOnly: try arguments.truth("localOnly") ?? false)
    }
}

extension NetworkNames {
    /// `{enable, forward_plain_names, forwarders: [{domain, addr}], txt: {name: value}, hosts: {address: [names]}, srvs:
    /// [{name, protocol, domain, target, port, priority, weight}]}`.
    init(_ value: Value, of subject: String) throws(Diagnostics) {
        let arguments = try StoreArguments(
            value, of: "\"dns\" of \(subject)",
            allowed: ["enable", "forward_plain_names", "forwarders", "txt", "hosts", "srvs"])
        self.init()
        isEnabled = try arguments.truth("enable") ?? true
        forwardsPlainNames = try arguments.truth("forward_plain_names") ?? true
        for item in arguments.items("forwarders") {
            guard item.map != nil else {
                forwarders.append(Forwarder(address: try StoreArguments.text(item, "a forwarder of \(subject)")))
                continue
            }
            let entry = try StoreArguments(item, of: "a forwarder of \(subject)", allowed: ["domain", "addr"])
            forwarders.append(Forwarder(domain: try entry.text("domain"), address: try entry.text("addr")))
        }
        for (name, text) in try Self.mapping(arguments, "txt") {
            texts.append(Text(name: name.scalarText ?? "", value: try StoreArguments.text(text, "\"txt\"")))
        }
        for (address, names) in try Self.mapping(arguments, "hosts") {
            var list: [String] = []
            for name in names.list ?? [names] { list.append(try StoreArguments.text(name, "\"hosts\" of \(subject)")) }
            hosts.append(Host(address: address.scalarText ?? "", names: list))
        }
        for item in arguments.items("srvs") { services.append(try Service(item, of: subject)) }
    }

    private static func mapping(_ arguments: StoreArguments, _ key: String) throws(Diagnostics) -> Mapping {
        guard let value = arguments[key] else { return Mapping() }
        guard let map = value.map else { throw arguments.wrong(key, value.scalarText ?? value.kindName, "a mapping") }
        return map
    }
}

extension NetworkNames.Service {
    fileprivate init(_ value: Value, of subject: String) throws(Diagnostics) {
        let arguments = try StoreArguments(
            value, of: "a service of \(subject)",
            allowed: ["name", "protocol", "domain", "target", "port", "priority", "weight"])
        self.init(
            name: try arguments.required("name"), transport: try arguments.required("protocol"),
            domain: try arguments.text("domain"), target: try arguments.text("target"),
            port: try arguments.number("port"), priority: try arguments.number("priority"),
            weight: try arguments.number("weight"))
    }
}

extension NetworkAddressing {
    /// `{cidr, dhcp_ranges: [{start, end}], hosts: {MAC or id: {name, id, ip}}, bootp: {file, server}, tftp}`.
    ///
    /// A `cidr` that names a network gives the host its first address; one that names an address gives it that.
    init(_ value: Value, isIPv6: Bool, of subject: String) throws(Diagnostics) {
        let what = "\"\(isIPv6 ? "ipv6_config" : "ipv4_config")\" of \(subject)"
        let arguments = try StoreArguments(value, of: what, allowed: ["cidr", "dhcp_ranges", "hosts", "bootp", "tftp"])
        let cidr = try arguments.required("cidr")
        let parts = cidr.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, let given = IPAddress(parts[0]), given.isIPv6 == isIPv6, let prefix = Int(parts[1]),
            (1...given.bytes.count * 8).contains(prefix)
        else { throw arguments.wrong("cidr", cidr, isIPv6 ? "such as fd00:1::/64" : "such as 192.168.42.0/24") }
        let isNetwork = prefix < given.bytes.count * 8 - 1 && given.network(prefix: prefix) == given
        let own = isNetwork ? given.advanced(by: 1) ?? given : given
        self.init(address: own.description, prefix: prefix)
        for item in arguments.items("dhcp_ranges") {
            let range = try StoreArguments(item, of: "a range of \(what)", allowed: ["start", "end"])
            ranges.append(.init(start: try range.required("start"), end: try range.required("end")))
        }
        for (key, value) in arguments["hosts"]?.map ?? Mapping() {
            let text = try StoreArguments.text(key, "a key of \"hosts\"")
            let host = try StoreArguments(value, of: "\"\(text)\" of \(what)", allowed: ["name", "id", "ip"])
            let mac = MACAddress(text)
            guard mac != nil || isIPv6 else { throw arguments.wrong("hosts", text, "a MAC address") }
            let id = try host.text("id") ?? (mac == nil ? text : nil)
            reservations.append(
                Reservation(address: try host.required("ip"), mac: mac, id: id, name: try host.text("name")))
        }
        if let value = arguments["bootp"] {
            let entry = try StoreArguments(value, of: "\"bootp\" of \(what)", allowed: ["file", "server"])
            boot = Boot(file: try entry.required("file"), server: try entry.text("server"))
        }
        tftp = try arguments.text("tftp")
    }
}
