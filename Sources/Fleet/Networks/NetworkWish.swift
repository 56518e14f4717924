package import Hypervisor
package import Values

/// A network as it should be on a host.
package struct NetworkWish: Sendable {
    package var spec: NetworkSpec
    /// Whether it starts with its host; nil: a new one does.
    package var autostart: Bool?
    /// Whether it must run; false leaves it as it is.
    package var isRunning = true

    package init(_ spec: NetworkSpec) { self.spec = spec }

    private static let keys = [
        "bridge", "forward", "vport", "tag", "ipv4_config", "ipv6_config", "autostart", "mtu", "domain", "nat",
        "interfaces", "addresses", "physical_function", "dns", "portgroups",
    ]

    /// Reads Salt's arguments of `virt.network_defined` and `virt.network_running`, and `portgroups`: a list of `{name,
    /// default, vport, tag}`.
    ///
    /// `forward` is a mode of libvirt's, or `isolated` (as absent), or `macvtap` for `bridge` over `interfaces`.
    package init(_ name: String, arguments value: Value) throws(Diagnostics) {
        let arguments = try StoreArguments(value, of: "the network \"\(name)\"", allowed: Self.keys)
        let word = try arguments.text("forward") ?? "isolated"
        guard let mode = NetworkSpec.Mode(rawValue: word == "macvtap" ? "bridge" : word) else {
            let modes = NetworkSpec.Mode.allCases.map(\.rawValue) + ["macvtap"]
            throw arguments.wrong("forward", word, "one of \(modes.joined(separator: ", "))")
        }
        spec = NetworkSpec(name: name, mode: mode, bridge: try arguments.text("bridge"))
        spec.devices = try arguments.words("interfaces")
        for text in try arguments.words("addresses") {
            guard let address = PCIAddress(text) else {
                throw arguments.wrong("addresses", text, "such as 0000:3b:02.1")
            }
            spec.functions.append(address)
        }
        spec.physicalFunction = try arguments.text("physical_function")
        spec.mtu = try arguments.number("mtu")
        if let nat = arguments["nat"] { spec.nat = try NetworkSpec.NAT(nat, of: arguments.subject) }
        if let port = arguments["vport"] { spec.virtualPort = try .init(port, of: arguments.subject) }
        if let tag = arguments["tag"] { spec.vlan = try .init(tag, of: arguments.subject) }
        if let domain = arguments["domain"] { spec.domain = try .init(domain, of: arguments.subject) }
        if let names = arguments["dns"] { spec.names = try .init(names, of: arguments.subject) }
        for key in ["ipv4_config", "ipv6_config"] {
            for item in arguments.items(key) {
                spec.addressing.append(
                    try NetworkAddressing(item, isIPv6: key == "ipv6_config", of: arguments.subject))
            }
        }
        for item in arguments.items("portgroups") { spec.portGroups.append(try .init(item, of: arguments.subject)) }
        autostart = try arguments.truth("autostart")
    }
}

extension NetworkSpec.NAT {
    fileprivate init(_ value: Value, of subject: String) throws(Diagnostics) {
        let arguments = try StoreArguments(value, of: "\"nat\" of \(subject)", allowed: ["address", "port", "ipv6"])
        self.init(
            addresses: try arguments["address"].map { value throws(Diagnostics) in
                try NetworkSpec.Span(value, of: subject)
            }, isForIPv6: try arguments.truth("ipv6") ?? false)
        guard let value = arguments["port"] else { return }
        let span = try NetworkSpec.Span(value, of: subject)
        guard let first = Int(span.start), let last = Int(span.end), first <= last, (1...65535).contains(last),
            first > 0
        else { throw arguments.wrong("port", "\(span.start) to \(span.end)", "ports from 1 to 65535") }
        ports = first...last
    }
}

extension NetworkSpec.Span {
    /// `{start, end}`, or text with a dash between them.
    fileprivate init(_ value: Value, of subject: String) throws(Diagnostics) {
        if let text = value.string {
            let ends = text.split(separator: "-", maxSplits: 1).map(String.init)
            guard ends.count == 2 else {
                throw Diagnostics(
                    .error(
                        "bad range \"\(Printable.line(text))\" in \(subject)", detail: "expected START-END",
                        mark: value.mark))
            }
            self.init(start: ends[0], end: ends[1])
            return
        }
        let arguments = try StoreArguments(value, of: "a range of \(subject)", allowed: ["start", "end"])
        self.init(start: try arguments.required("start"), end: try arguments.required("end"))
    }
}

extension NetworkSpec.VirtualPort {
    /// A type alone, or `{type, parameters: {...}}`.
    fileprivate init(_ value: Value, of subject: String) throws(Diagnostics) {
        if let type = value.string {
            self.init(type: type)
            return
        }
        let arguments = try StoreArguments(value, of: "\"vport\" of \(subject)", allowed: ["type", "parameters"])
        self.init(type: try arguments.required("type"))
        for (key, value) in arguments["parameters"]?.map ?? Mapping() {
            parameters[key.scalarText ?? ""] = try StoreArguments.text(value, "a parameter of \"vport\"")
        }
    }
}

extension NetworkSpec.VLAN {
    /// A number, a list of tags, or `{trunk, tags: [{id, nativeMode}]}`.
    fileprivate init(_ value: Value, of subject: String) throws(Diagnostics) {
        guard value.map != nil else {
            self.init(tags: [])
            for item in value.list ?? [value] { tags.append(try Tag(item, of: subject)) }
            isTrunk = tags.count > 1
            return
        }
        let arguments = try StoreArguments(value, of: "\"tag\" of \(subject)", allowed: ["trunk", "tags"])
        self.init(tags: [], isTrunk: try arguments.truth("trunk") ?? false)
        for item in arguments.items("tags") { tags.append(try Tag(item, of: subject)) }
        isTrunk = isTrunk || tags.count > 1
    }
}

extension NetworkSpec.VLAN.Tag {
    fileprivate init(_ value: Value, of subject: String) throws(Diagnostics) {
        let arguments = try StoreArguments(
            value.map == nil ? ["id": value] : value, of: "a VLAN tag of \(subject)", allowed: ["id", "nativeMode"])
        guard let id = try arguments.number("id") else {
            throw Diagnostics(.error("a VLAN tag of \(subject) needs \"id\"", mark: value.mark))
        }
        self.init(id: id, nativeMode: try arguments.text("nativeMode"))
        if let nativeMode, !["tagged", "untagged"].contains(nativeMode) {
            throw arguments.wrong("nativeMode", nativeMode, "tagged or untagged")
        }
    }
}

extension NetworkSpec.PortGroup {
    fileprivate init(_ value: Value, of subject: String) throws(Diagnostics) {
        let arguments = try StoreArguments(
            value, of: "a port group of \(subject)", allowed: ["name", "default", "vport", "tag"])
        self.init(name: try arguments.required("name"), isDefault: try arguments.truth("default") ?? false)
        if let port = arguments["vport"] { virtualPort = try .init(port, of: subject) }
        if let tag = arguments["tag"] { vlan = try .init(tag, of: subject) }
    }
}
