/// What a lab is to be: its name, and how many hosts it has.
package struct LabDefinition: Sendable, Hashable {
    /// What `--name` gives: lower-case letters, digits and inner hyphens, at most 24 characters.
    package let name: String
    /// How many hosts: `hv1`, `hv2`, ...
    package let hostCount: Int
    /// Whether there is one more host, `san`, whose disks all others can use.
    package let hasSAN: Bool

    /// The most hosts that the lab's addresses have room for.
    package static let mostHosts = 64

    package init(name: String = "lab", hosts: Int = 2, san: Bool = false) throws(LabError) {
        guard Self.isName(name) else {
            throw LabError(
                .invalid, "\"\(name)\" cannot name a lab",
                hint: "use at most 24 lower-case letters, digits and inner hyphens")
        }
        guard (1...Self.mostHosts).contains(hosts) else {
            throw LabError(.invalid, "a lab has 1 to \(Self.mostHosts) hosts, not \(hosts)")
        }
        self.name = name
        self.hostCount = hosts
        self.hasSAN = san
    }

    /// The hosts that are to become hypervisors, in order.
    package var hypervisors: [LabHost] { (1...hostCount).map(LabHost.init(number:)) }

    /// All hosts, in order.
    package var hosts: [LabHost] { hypervisors + (hasSAN ? [.san] : []) }

    /// True for what may stand in paths, unit names and host names as it is.
    static func isName(_ name: String) -> Bool {
        guard (1...24).contains(name.utf8.count), name.first != "-", name.last != "-" else { return false }
        return name.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 45 }
    }
}

/// One host of a lab; everything about it follows from its number.
package struct LabHost: Sendable, Hashable {
    package let number: Int

    /// The host with the lab's disks.
    package static let san = LabHost(number: 0)

    package var name: String { self == .san ? "san" : "hv\(number)" }
    /// What the lab's DHCP server gives it.
    package var address: String { "\(LabNetwork.prefix).\(10 + number)" }
    /// The hardware address of its `eth0`: locally administered, below those of virtual machines' taps, so that a
    /// bridge over it keeps it.
    package var hardwareAddress: String {
        let digits = String(number, radix: 16)
        return "02:4c:41:42:00:\(digits.utf8.count < 2 ? "0" + digits : digits)"
    }
    /// The end of its cable on the lab's bridge.
    var port: String { name }
}

/// The address plan. Every lab has a network namespace of its own, so all of them use the same one.
package enum LabNetwork {
    static let prefix = "10.77.0"
    package static let subnet = "10.77.0.0/24"
    /// The controller's address: what `lab exec` runs beside.
    package static let controller = "10.77.0.1"
    static let bridge = "br-lab"
    /// What virtual machines and other strangers get.
    static let dynamicRange = ("10.77.0.100", "10.77.0.199")
}
