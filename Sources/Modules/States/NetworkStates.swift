internal import States
internal import Values

let networkStates: [StateFunction] = [
    StateFunction(
        "network", "managed",
        "The interface is configured so; the host takes the change back if it cannot be reached afterwards.",
        [.network],
        [
            Parameter("type", .text, "eth or bridge"),
            Parameter("enabled", .truth, "bring it up at boot; true"),
            Parameter("proto", .text, "dhcp, static, or none; none for a NIC that has a bridge, else dhcp"),
            Parameter("bridge", .text, "the bridge that this NIC is a port of; it then has no address of its own"),
            Parameter("ports", .texts, "a bridge's NICs; those that name it as their bridge"),
            Parameter("ipaddr", .text, "for static: the address, with /prefix or beside \"netmask\" or \"prefix\""),
            Parameter("netmask", .text, "for static: 255.255.255.0"),
            Parameter("prefix", .number, "for static: 24"),
            Parameter("gateway", .text, "for static: the way out"),
            Parameter("dns", .texts, "name servers"),
            Parameter("domain", .text, "the domain for short names"),
            Parameter("mtu", .number, "largest packet"),
            Parameter("hwaddr", .text, "a bridge's hardware address; its first port's"),
            Parameter("stp", .truth, "a bridge speaks the spanning tree protocol; false"),
            Parameter("delay", .ignored, "a bridge forwards at once"),
            Parameter("bypassfirewall", .ignored, "the firewall is left as it is"),
            Parameter("noifupdown", .ignored, "the change is always applied, and confirmed"),
        ], plan: planInterface)
]

@Sendable private func planInterface(_ planner: inout StatePlanner) {
    guard let mine = read(planner.chunk, &planner) else { return }
    let family = planner.facts["os_family"]?.string
    guard family == "Debian" || family == "RedHat" else {
        planner.refuse(
            "network.managed does not know the network of \(family ?? "an unknown family")",
            detail: "it knows Debian's ifupdown and Red Hat's ifcfg files")
        return
    }
    let group = planner.low.chunks.indices.filter { isManaged(planner.low.chunks[$0]) }
    // The whole change runs where its first interface stands, if all that any of them needs has been done by then.
    let needed = group.flatMap { outside(planner.low.chunks[$0], group) }
    let first = group.first ?? planner.index
    let leader = needed.allSatisfy { $0 < first } ? first : group.last ?? planner.index
    if planner.index == leader {
        planner.alsoRequires = Array(Set(needed)).sorted()
        var others = planner
        let plans = group.compactMap { read(planner.low.chunks[$0], &others) }
        lead(plans, family == "Debian" ? "ifupdown" : "ifcfg", &planner)
    }
    let text = family == "Debian" ? mine.stanza : mine.ifcfg
    planner.call(planner.index < leader ? "network_waits" : "network_managed", [mine.name, text])
}

private func isManaged(_ chunk: LowChunk) -> Bool { chunk.state == "network" && chunk.function == "managed" }

/// What a chunk needs to have gone well before it, other interfaces aside.
private func outside(_ chunk: LowChunk, _ group: [Int]) -> [Int] {
    [RequisiteKind.require, .watch].flatMap { (chunk.requisites[$0] ?? []).flatMap(\.chunks) }
        .filter { !group.contains($0) }
}

/// What the shell needs to know of all interfaces together.
private func lead(_ plans: [InterfacePlan], _ kind: String, _ planner: inout StatePlanner) {
    var text = "# Written by Drover: changes made here are lost.\n"
    var owned: [String] = []
    var leases = ""
    var servers: [String] = []
    var domain: String?
    let described = Set(plans.map(\.name))
    // Ports of bridges that no state describes are ours as well: nobody else may give them addresses.
    let bare = plans.flatMap(\.ports).filter { !described.contains($0) }.map { port in
        InterfacePlan(
            name: port, kind: .ethernet, addressing: .none,
            bridge: plans.first { $0.ports.contains(port) }?.name)
    }
    let all = bare + plans.filter { $0.kind == .ethernet } + plans.filter { $0.kind == .bridge }
    for plan in all {
        owned.append(plan.name)
        text += "\n" + plan.stanza
        for port in plan.ports { leases += "\(plan.name) \(port)\n" }
        servers += plan.nameServers.filter { !servers.contains($0) }
        domain = domain ?? plan.domain
        if kind == "ifcfg" {
            let name = String(plan.name.map { $0.isLetter || $0.isNumber ? $0 : "_" })
            planner.assign("ifcfg_\(name)", plan.ifcfg)
        }
    }
    planner.assign("network_kind", kind)
    planner.assign("network_owned", owned.joined(separator: " "))
    planner.assign("network_bridges", all.filter { $0.kind == .bridge }.map(\.name).joined(separator: " "))
    planner.assign("network_members", all.filter { $0.kind == .ethernet }.map(\.name).joined(separator: " "))
    planner.assign("network_up", all.filter(\.enabled).map(\.name).joined(separator: " "))
    planner.assign("network_ports", leases)
    planner.assign("network_text", text)
    let search = domain.map { "search \($0)\n" } ?? ""
    planner.assign("network_resolv", servers.isEmpty ? "" : search + servers.map { "nameserver \($0)\n" }.joined())
    planner.assign("network_switch", ShellText.compact(PackageResources.switch_sh))
}

/// What a chunk says of its interface; nil when it says it wrongly, which is reported.
private func read(_ chunk: LowChunk, _ context: inout StatePlanner) -> InterfacePlan? {
    var planner = context.reading(chunk)
    defer { context.problems = planner.problems }
    let before = planner.problems.count
    let type = planner.text("type", default: "eth")
    guard type == "eth" || type == "bridge" else {
        planner.refuse(
            "type \"\(type)\" of network.managed is not known", detail: "it knows eth and bridge", at: "type")
        return nil
    }
    for name in [chunk.name] + (planner.text("bridge").map { [$0] } ?? []) where !InterfacePlan.isName(name) {
        planner.refuse(
            "\"\(name)\" is no name of an interface", detail: "it has at most 15 letters, digits, dots, dashes",
            at: "name")
    }
    var plan = InterfacePlan(name: chunk.name, kind: type == "bridge" ? .bridge : .ethernet, addressing: .none)
    plan.enabled = planner.truth("enabled", default: true)
    plan.bridge = plan.kind == .ethernet ? planner.text("bridge") : nil
    plan.mtu = planner.number("mtu")
    plan.spanningTree = planner.truth("stp", default: false)
    plan.nameServers = planner.texts("dns") ?? []
    for server in plan.nameServers where !InterfacePlan.isAddress(server) {
        planner.refuse("\"\(server)\" is no IPv4 address", at: "dns")
    }
    plan.domain = planner.text("domain")
    if let domain = plan.domain, !InterfacePlan.isName(domain.replacing(".", with: "").prefix(15).description) {
        planner.refuse("\"\(domain)\" is no domain", at: "domain")
    }
    plan.addressing = addressing(plan, &planner)
    if plan.kind == .bridge { takePorts(&plan, &planner) }
    return planner.problems.count == before ? plan : nil
}

private func addressing(_ plan: InterfacePlan, _ planner: inout StatePlanner) -> InterfacePlan.Addressing {
    let proto = planner.text("proto", default: plan.bridge == nil ? "dhcp" : "none")
    if plan.bridge != nil, proto != "none", proto != "manual" {
        planner.refuse(
            "\(plan.name) is a port of \(plan.bridge ?? "") and cannot have an address of its own",
            hint: "give \"proto: \(proto)\" to the bridge", at: "proto")
    }
    switch proto {
    case "none", "manual": return .none
    case "dhcp": return .dhcp
    case "static": break
    default:
        planner.refuse("proto \"\(proto)\" is not known", detail: "it is dhcp, static or none", at: "proto")
        return .none
    }
    let written = (planner.text("ipaddr") ?? "").split(separator: "/", maxSplits: 1).map(String.init)
    guard let address = written.first, InterfacePlan.isAddress(address) else {
        planner.refuse("\"ipaddr\" of \(plan.name) is missing or no IPv4 address", at: "ipaddr")
        return .none
    }
    let mask = planner.text("netmask")
    let given = written.count > 1 ? Int(written[1]) : planner.number("prefix")
    guard let length = given ?? mask.flatMap({ InterfacePlan.prefix(ofMask: $0) }), length <= 32, length > 0 else {
        planner.refuse(
            "the network of \(address) is not known", hint: "write \"ipaddr: \(address)/24\" or give \"netmask\"",
            at: mask == nil ? "ipaddr" : "netmask")
        return .none
    }
    let gateway = planner.text("gateway")
    if let gateway, !InterfacePlan.isAddress(gateway) {
        planner.refuse("\"\(gateway)\" is no IPv4 address", at: "gateway")
        return .none
    }
    return .fixed(address: address, prefix: length, gateway: gateway)
}

/// The ports a bridge names, or the NICs that name it.
private func takePorts(_ plan: inout InterfacePlan, _ planner: inout StatePlanner) {
    if let named = planner.texts("ports") {
        plan.ports = named.flatMap { $0.split(separator: " ").map(String.init) }.filter { $0 != "none" }
    } else {
        let name = plan.name
        plan.ports = planner.low.chunks.filter { isManaged($0) && $0.arguments["bridge"]?.string == name }.map(\.name)
    }
    for port in plan.ports where !InterfacePlan.isName(port) {
        planner.refuse("\"\(port)\" is no name of an interface", at: "ports")
    }
    plan.hardwareAddress = planner.text("hwaddr")
    let known = planner.facts["hwaddr_interfaces"]?.map
    if plan.hardwareAddress == nil, let port = plan.ports.first { plan.hardwareAddress = known?[port]?.string }
    if let address = plan.hardwareAddress {
        let parts = address.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 6, parts.allSatisfy({ $0.count == 2 && UInt8($0, radix: 16) != nil }) else {
            planner.refuse("\"\(address)\" is no hardware address", at: "hwaddr")
            return
        }
    }
}
