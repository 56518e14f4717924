internal import Inventory
internal import Modules
internal import PKI

/// The certificates and keys of hosts, out of the ledger or issued anew.
struct HostPairs: Sendable {
    private let authority: Authority
    private let replacing: Set<String>
    private let wishes: CertificateWishes?
    private let test: Bool

    /// - Parameter wishes: nil keeps what the certificates said so far.
    init(_ authority: Authority, replacing: Set<String>, wishes: CertificateWishes? = nil, test: Bool) {
        self.authority = authority
        self.replacing = replacing
        self.wishes = wishes
        self.test = test
    }

    /// All files of a host, given what it has now.
    func keys(for host: Host, _ survey: KeySurvey) async throws(PKIError) -> VirtKeys {
        var files: [VirtKeyFile] = []
        for plane in Plane.allCases { files += try await self.files(for: host, plane, survey) }
        return VirtKeys(version: Self.version(of: files), files: files)
    }

    private func files(
        for host: Host, _ plane: Plane, _ survey: KeySurvey
    ) async throws(PKIError) -> [VirtKeyFile] {
        let shipped: VirtKeyFile.Plane = plane == .api ? .api : .data
        func file(_ role: VirtKeyFile.Role, _ text: [UInt8]) -> VirtKeyFile {
            VirtKeyFile(plane: shipped, role: role, sha256: ContentDigest.sha256(text), content: text)
        }
        let pair = try await pair(for: host, plane, survey)
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
        for host: Host, _ plane: Plane, _ survey: KeySurvey
    ) async throws(PKIError) -> Pair {
        let entry = try authority.current(name: host.name, plane: plane)
        let profile = HostProfiles.profile(
            of: host, plane: plane, algorithm: try authority.leafAlgorithm(plane),
            wishes: wishes ?? CertificateWishes(entry))
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
