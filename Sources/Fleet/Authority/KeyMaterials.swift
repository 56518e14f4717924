package import Inventory
package import Modules
package import PKI
internal import Values

/// What `virt.keys` ships to a host: the CAs, their CRLs, and the host's own certificate and key for each plane.
///
/// A pair is issued anew when it is due, when what the inventory says of the host has changed, and when the host does
/// not have the key that the ledger remembers.
package struct KeyMaterials: Sendable {
    private let authority: Authority
    private let hosts: [Host]
    private let replacing: Set<String>

    /// - Parameters:
    ///   - hosts: the whole inventory's: two of them may not claim one name.
    ///   - replacing: serial numbers of certificates that are to be replaced though they are not due.
    package init(_ authority: Authority, hosts: [Host], replacing: Set<String> = []) {
        self.authority = authority
        self.hosts = hosts
        self.replacing = replacing
    }

    /// The files for a host. With `test` nothing is issued: what would be is shown by a version that is in place nowhere.
    /// - Throws: `Diagnostics` when no certificate can be made for the host; ``HostProblem``.
    package func materials(for host: Host, over channel: RunChannel, test: Bool) async throws -> Materials {
        try HostProfiles.check(hosts)
        let survey = try await KeySurvey.take(over: channel, host: host.name)
        do {
            var files: [VirtKeyFile] = []
            for plane in Plane.allCases { files += try await self.files(for: host, plane, survey, test: test) }
            return Materials(virtKeys: VirtKeys(version: Self.version(of: files), files: files))
        } catch let error as PKIError {
            var diagnostic = error.diagnostic
            diagnostic.host = host.name
            throw Diagnostics(diagnostic)
        }
    }

    private func files(
        for host: Host, _ plane: Plane, _ survey: KeySurvey, test: Bool
    ) async throws(PKIError) -> [VirtKeyFile] {
        let shipped: VirtKeyFile.Plane = plane == .api ? .api : .data
        func file(_ role: VirtKeyFile.Role, _ text: [UInt8]) -> VirtKeyFile {
            VirtKeyFile(plane: shipped, role: role, content: text)
        }
        let pair = try await pair(for: host, plane, survey, test: test)
        var files = [
            file(.cacert, Array(try authority.bundle(plane: plane).utf8)),
            file(.cacrl, Array(try await authority.crl(plane: plane).utf8)),
        ]
        files += [.servercert, .clientcert].map { file($0, pair.certificate) }
        files += [.serverkey, .clientkey].map { role in
            VirtKeyFile(plane: shipped, role: role, sha256: pair.keySHA256, content: pair.key)
        }
        return files
    }

    /// A certificate for shipping; without a key when the host has it.
    private struct Pair {
        var certificate: [UInt8]
        var keySHA256: String
        var key: [UInt8]?
    }

    private func pair(
        for host: Host, _ plane: Plane, _ survey: KeySurvey, test: Bool
    ) async throws(PKIError) -> Pair {
        let profile = HostProfiles.profile(of: host, plane: plane, algorithm: try authority.leafAlgorithm(plane))
        let entry = try authority.current(name: host.name, plane: plane)
        let recorded = try entry.map { entry throws(PKIError) in
            PairDecision.Recorded(
                serial: entry.serial, keySHA256: entry.keySHA256,
                renewal: try authority.needsRenewal(entry, for: profile)?.description)
        }
        let installed = (server: survey[plane, .serverkey]?.sha256, client: survey[plane, .clientkey]?.sha256)
        switch PairDecision.of(recorded, installed: installed, replacing: replacing) {
        case .keep:
            return Pair(certificate: Array((entry?.certificatePEM ?? "").utf8), keySHA256: entry?.keySHA256 ?? "")
        case .issue(let reason) where test:
            // Never shipped: a check ships no keys, and what it compares with is in place nowhere.
            let note = Array("a new certificate for \(host.name) (\(plane)): \(reason)\n".utf8)
            return Pair(certificate: note, keySHA256: ContentDigest.sha256(note), key: note)
        case .issue(let reason):
            let pair = try await authority.issue(profile, requestedBy: Requester.name, reason: reason)
            return Pair(
                certificate: Array(pair.certificate.pem.utf8), keySHA256: pair.entry.keySHA256, key: pair.keyPEM)
        }
    }

    /// The same name as long as every file is the same.
    static func version(of files: [VirtKeyFile]) -> String {
        let lines = files.map { "\($0.plane.rawValue).\($0.role.rawValue) \($0.sha256)\n" }.sorted()
        return String(ContentDigest.sha256(Array(lines.joined().utf8)).prefix(16))
    }
}
