internal import Hypervisor
package import Values

extension NetworkWish {
    /// Salt's arguments with the addresses that people mean when they give none: a network that libvirt makes a bridge for
    /// gets one of its own, and DHCP for all of it.
    ///
    /// The network "default" is 192.168.122.0/24, as everywhere; others take one of 192.168.123.0/24 to 192.168.250.0/24
    /// by their name, so that it is the same on every host.
    package static func completed(_ name: String, _ arguments: Mapping, hasDHCP: Bool) -> Mapping {
        var map = arguments
        let mode = NetworkSpec.Mode(rawValue: map["forward"]?.string ?? "isolated")
        if mode?.hasOwnBridge == true, map["ipv4_config"] == nil, map["ipv6_config"] == nil {
            let number = name == "default" ? 122 : 123 + name.utf8.reduce(0) { ($0 * 31 + Int($1)) % 128 }
            map["ipv4_config"] = ["cidr": Value("192.168.\(number).0/24")]
        }
        guard hasDHCP, var config = map["ipv4_config"]?.map, config["dhcp_ranges"] == nil,
            let cidr = config["cidr"]?.string, let range = wholeRange(cidr)
        else { return map }
        config["dhcp_ranges"] = [["start": Value(range.start), "end": Value(range.end)]]
        map["ipv4_config"] = Value(config)
        return map
    }

    /// From behind the host's address to before the last one; nil where no room is left.
    private static func wholeRange(_ cidr: String) -> NetworkSpec.Span? {
        let parts = cidr.split(separator: "/").map(String.init)
        guard parts.count == 2, let prefix = Int(parts[1]), (1...29).contains(prefix), let given = IPAddress(parts[0]),
            !given.isIPv6, let first = given.network(prefix: prefix)
        else { return nil }
        let own = given == first ? 1 : (1..<(1 << (32 - prefix))).first { first.advanced(by: $0) == given } ?? 1
        guard let start = first.advanced(by: own + 1), let end = first.advanced(by: (1 << (32 - prefix)) - 2),
            start.bytes.lexicographicallyPrecedes(end.bytes)
        else { return nil }
        return NetworkSpec.Span(start: start.description, end: end.description)
    }
}
