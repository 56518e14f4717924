internal import Modules
internal import PKI

/// What is wrong with certificates that were found, in the words of a report. Pure.
enum CertificateJudgement {
    /// What the ledger thinks of a certificate that a host has.
    static func ledger(serial: String, isKnown: Bool, current: String?, renewal: String?) -> String? {
        guard isKnown else { return "the ledger does not know this certificate; `drover apply` replaces it" }
        if let current, current != serial {
            return "it is not the latest one (\(current)); `drover apply` puts that in place"
        }
        return renewal.map { "\($0); `drover apply` renews it" }
    }

    /// What a handshake showed.
    static func served(_ seen: ProbeResult) -> String? {
        served(verified: seen.verified, problem: seen.problem, accepted: seen.accepted, refusal: seen.refusal)
    }

    static func served(verified: Bool, problem: String?, accepted: Bool?, refusal: String?) -> String? {
        if !verified { return problem ?? "it does not stand before the api CA" }
        if accepted == false { return "libvirt refuses the controller's certificate: \(refusal ?? "it hung up")" }
        return accepted == nil ? "libvirt does not answer after the handshake" : nil
    }

    /// SHA-256 of what should be in place; nil where nothing was issued.
    struct Wanted: Sendable, Hashable {
        var certificateSHA256: String?
        var keySHA256: String?
        var bundleSHA256: String?
    }

    /// What the files on the host show, the gravest first.
    static func installed(_ survey: KeySurvey, _ wanted: Wanted) -> String? {
        if let open = AuthorityFile.all.first(where: { (survey.found[$0]?.mode ?? 0) & $0.forbiddenMode != 0 }) {
            let mode = String(survey.found[open]?.mode ?? 0, radix: 8)
            return "\"\(open.path())\" is open to others (mode 0\(mode)); `drover apply` closes it"
        }
        let missing = VirtKeyFile.Role.allCases.first { $0 != .cacrl && survey[.data, $0] == nil }
        if let missing { return "\"\(AuthorityFile(plane: .data, role: missing).path())\" is missing" }
        guard let key = wanted.keySHA256 else { return "nothing was issued to this host; `drover apply` does it" }
        if [survey[.data, .serverkey], survey[.data, .clientkey]].contains(where: { $0?.sha256 != key }) {
            return "its key is not the one that was issued; `drover apply` replaces it"
        }
        if [survey[.data, .servercert], survey[.data, .clientcert]].contains(where: {
            $0?.sha256 != wanted.certificateSHA256
        }) {
            return "its certificate is not the latest one; `drover apply` puts that in place"
        }
        if survey[.data, .cacert]?.sha256 != wanted.bundleSHA256 {
            return "it trusts other CAs than it should; `drover apply` puts the bundle in place"
        }
        return nil
    }
}
