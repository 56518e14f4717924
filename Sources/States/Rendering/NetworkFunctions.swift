import Values

/// `network.*`, as far as the facts have the answer.
struct NetworkFunctions: Sendable {
    let grains: Mapping

    var functions: [String: SaltFunctions.Body] {
        let parameters = ["interface", "include_loopback"]
        let fourth = ["network.ip_addrs", "network.ipaddrs"].map { name in
            SaltCall.body(name, parameters) { addresses(in: "ip4_interfaces", $0) }
        }
        let sixth = ["network.ip_addrs6", "network.ipaddrs6"].map { name in
            SaltCall.body(name, parameters) { addresses(in: "ip6_interfaces", $0) }
        }
        let name = SaltCall.body("network.get_hostname", []) { _ in grains["nodename"] ?? grains["host"] ?? "" }
        return Dictionary(fourth + sixth + [name]) { first, _ in first }
    }

    private func addresses(in fact: String, _ call: SaltCall) -> Value {
        var result: [Value] = []
        for (interface, addresses) in grains[fact]?.map ?? Mapping() {
            if let wanted = call["interface"]?.string, interface.string != wanted { continue }
            for address in addresses.list ?? [] where !result.contains(address) {
                let text = address.string ?? ""
                let loops = text.hasPrefix("127.") || text == "::1"
                if !loops || call.flag("include_loopback") { result.append(address) }
            }
        }
        return Value(result)
    }
}
