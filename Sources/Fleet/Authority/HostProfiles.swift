package import Inventory
package import PKI
package import Values

/// What a host's certificates say, from the inventory alone: what a host says of itself never enters.
package enum HostProfiles {
    /// The profile of one host on one plane.
    /// - Parameter wishes: what the role asks for besides.
    package static func profile(
        of host: Host, plane: Plane, algorithm: KeyAlgorithm = .ecP256, wishes: CertificateWishes = CertificateWishes()
    ) -> LeafProfile {
        var names = host.pki.names + [host.name]
        var addresses = host.pki.addresses
        if isAddress(host.address) { addresses.append(host.address) } else { names.append(host.address) }
        return LeafProfile(
            name: host.name, plane: plane, subject: wishes.subject(commonName: host.name),
            dnsNames: names, ipAddresses: addresses, validityDays: wishes.days, algorithm: algorithm)
    }

    /// Refuses an inventory in which two hosts would hold one name or address: each could pass for the other.
    package static func check(_ hosts: [Host]) throws(Diagnostics) {
        let profiles = hosts.filter(\.isHypervisor).map { profile(of: $0, plane: .api) }
        let collisions: [Collision]
        do {
            collisions = try Authority.collisions(of: profiles)
        } catch {
            throw Diagnostics(.error("no certificate can be made: \(error.message)", hint: error.hint))
        }
        let problems = collisions.map { collision in
            Diagnostic.error(
                "two hosts claim \"\(collision.value)\": \(collision.holders.joined(separator: " and "))",
                detail: "a certificate for one would open the other's connections",
                hint: "give each host names and addresses of its own",
                mark: hosts.first { $0.name == collision.holders.first }?.mark)
        }
        if let found = Diagnostics(problems) { throw found }
    }

    private static func isAddress(_ text: String) -> Bool {
        text.contains(":") || text.allSatisfy { $0.isNumber || $0 == "." }
    }
}
