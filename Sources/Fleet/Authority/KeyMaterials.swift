package import Inventory
package import Modules
internal import PKI
package import Values

/// What `virt.keys` ships to a host: the CAs, their CRLs, and the host's own certificate and key for each plane.
///
/// A pair is issued anew when it is due, when what the inventory says of the host has changed, and when the host does
/// not have the key that the ledger remembers.
package struct KeyMaterials: Sendable {
    private let directory: FleetDirectory
    private let hosts: [Host]
    private let replacing: Set<String>
    private let keepsSubjects: Bool

    /// - Parameters:
    ///   - replacing: serial numbers of certificates that are to be replaced though they are not due.
    ///   - keepsSubjects: whether certificates go on saying what they said, whatever the state's arguments are.
    package init(_ context: FleetContext, replacing: Set<String> = [], keepsSubjects: Bool = false) {
        self.keepsSubjects = keepsSubjects
        directory = context.directory
        hosts = context.inventory.hosts
        self.replacing = replacing
    }

    /// The files for a host.
    ///
    /// With `test` nothing is issued: what would be is shown by a version that is in place nowhere.
    /// - Parameter arguments: those of `virt.keys`.
    /// - Throws: `Diagnostics` when there is no authority, or no certificate can be made for the host; ``HostProblem``.
    package func materials(
        for host: Host, arguments: Mapping, over channel: RunChannel, test: Bool
    ) async throws -> Materials {
        try HostProfiles.check(hosts)
        let authority = try await directory.openAuthority()
        let base = arguments["basepath"]?.string ?? AuthorityFile.standardBase
        let survey = try await KeySurvey.take(over: channel, host: host.name, base: base)
        do throws(PKIError) {
            let wishes = keepsSubjects ? nil : CertificateWishes(arguments)
            let issuing = HostPairs(authority, replacing: replacing, wishes: wishes, test: test)
            return Materials(virtKeys: try await issuing.keys(for: host, survey))
        } catch {
            var diagnostic = error.diagnostic
            diagnostic.host = host.name
            throw Diagnostics(diagnostic)
        }
    }
}
