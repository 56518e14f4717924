internal import PKI

/// Whether a host keeps the certificate and key of a plane or gets new ones.
enum PairDecision: Sendable, Hashable {
    case keep
    case issue(reason: String)

    /// What the ledger says of the latest pair.
    struct Recorded: Sendable, Hashable {
        let serial: String
        let keySHA256: String
        /// Why it does not serve any more, nil if it does.
        let renewal: String?
    }

    /// - Parameters:
    ///   - installed: SHA-256 of the keys that are in place on the host.
    ///   - replacing: serial numbers of certificates that are to be replaced though they serve.
    static func of(
        _ recorded: Recorded?, installed: (server: String?, client: String?), replacing: Set<String>
    ) -> PairDecision {
        guard let recorded else { return .issue(reason: "none was issued before") }
        if let renewal = recorded.renewal { return .issue(reason: renewal) }
        if replacing.contains(recorded.serial) { return .issue(reason: "it is rotated") }
        // The authority forgets a key when it has shipped it, so a key that is gone cannot be put back.
        guard let server = installed.server, let client = installed.client else {
            return .issue(reason: "its key is not on the host")
        }
        guard server == recorded.keySHA256, client == recorded.keySHA256 else {
            return .issue(reason: "the host has another key")
        }
        return .keep
    }
}
