package import Inventory
package import Modules
internal import PKI
internal import Values

/// What `virt.keys` ships to a host: the CAs, their CRLs, and the host's own certificate and key for each plane.
///
/// A pair is issued anew when it is due, when what the inventory says of the host has changed, and when the host does
/// not have the key that the ledger remembers.
package struct KeyMaterials: Sendable {
    private let directory: FleetDirectory
    private let hosts: [Host]
    private let replacing: Set<String>

    /// - Parameter replacing: serial numbers of certificates that are to be replaced though they are not due.
    package init(_ context: FleetContext, replacing: Set<String> = []) {
        directory = context.directory
        hosts = context.inventory.hosts
        self.replacing = replacing
    }

    /// The files for a host. With `test` nothing is issued: what would be is shown by a version that is in place nowhere.
    /// - Throws: `Diagnostics` when there is no authority, or no certificate can be made for the host; ``HostProblem``.
    package func materials(for host: Host, over channel: RunChannel, test: Bool) async throws -> Materials {
        try HostProfiles.check(hosts)
        let authority = try await directory.openAuthority()
        let survey = try await KeySurvey.take(over: channel, host: host.name)
        do throws(PKIError) {
            let issuing = HostPairs(authority, replacing: replacing, test: test)
            return Materials(virtKeys: try await issuing.keys(for: host, survey))
        } catch {
            var diagnostic = error.diagnostic
            diagnostic.host = host.name
            throw Diagnostics(diagnostic)
        }
    }
}
