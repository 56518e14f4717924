package import Inventory
package import PKI
package import Values

/// Makes the fleet's authority: two issuing CAs, an empty ledger, and the controller's own pair.
package struct AuthorityCreation: Sendable {
    /// What a host's certificates will say.
    package struct Names: Sendable {
        package let host: String
        package let dnsNames: [String]
        package let ipAddresses: [String]
    }

    /// What there is now.
    package struct Outcome: Sendable {
        package let authority: Authority
        package let controller: ControllerPair
    }

    private let directory: FleetDirectory

    package init(_ directory: FleetDirectory) { self.directory = directory }

    /// The names and addresses that each hypervisor's certificates will carry, taken from the inventory.
    /// - Throws: `Diagnostics` when two hosts claim the same one, or one cannot stand in a certificate.
    package static func names(_ inventory: Inventory) throws(Diagnostics) -> [Names] {
        try HostProfiles.check(inventory.hosts)
        return try inventory.hosts.filter(\.isHypervisor).map { host throws(Diagnostics) in
            do throws(PKIError) {
                let profile = try HostProfiles.profile(of: host, plane: .api).normalized()
                return Names(host: host.name, dnsNames: profile.dnsNames, ipAddresses: profile.ipAddresses)
            } catch {
                throw Diagnostics(.error(error.message, hint: error.hint, mark: host.mark, host: host.name))
            }
        }
    }

    /// The name that the CAs carry if nobody chooses one: the fleet directory's, as far as a certificate can hold it.
    package var standardName: String {
        let name = String(DiskPath.lastComponent(directory.root).unicodeScalars.prefix(40))
        return name.isEmpty || name == "/" ? "drover" : name
    }

    /// What replacing the authority that is there would cost, for people to decide; nil when there is none.
    package func losses() async -> String? {
        guard Authority.isPresent(in: directory.pki) else { return nil }
        let place = "the authority in \"\(directory.displayName(directory.pki))\""
        guard let authority = try? await Authority.open(directory: directory.pki),
            let entries = try? authority.ledger()
        else { return "\(place), which cannot be read" }
        let holders = Set(entries.filter { !$0.isRevoked && $0.notAfter > Clock.now }.map(\.name))
        let hosts = holders.subtracting([Authority.controllerName]).sorted()
        guard !hosts.isEmpty else { return "\(place); it has issued nothing to hosts yet" }
        let shown = hosts.prefix(8).joined(separator: ", ") + (hosts.count > 8 ? " and \(hosts.count - 8) more" : "")
        return
            "\(place); \(shown) will refuse this controller and each other until they have certificates of the new one"
    }

    /// Makes it. One that is there is set aside inside `pki/` when `overwrite` is given, and refused otherwise.
    package func create(
        fleetName: String, algorithm: KeyAlgorithm, days: Int, overwrite: Bool
    ) async throws(Diagnostics) -> Outcome {
        do throws(PKIError) {
            let authority = try await Authority.create(
                directory: directory.pki, fleetName: fleetName, algorithm: algorithm, caDays: days,
                requestedBy: Requester.name, overwrite: overwrite)
            return Outcome(authority: authority, controller: try await authority.ownPair())
        } catch {
            throw Diagnostics(error.diagnostic)
        }
    }
}
