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
        var certificate: String?
        var key: String?
        var bundle: String
        var crl: String
    }

    /// What a plane's files on the host show, the gravest first.
    static func installed(_ survey: KeySurvey, _ plane: Plane, _ wanted: Wanted) -> String? {
        let files = AuthorityFile.all.filter { $0.plane == plane }
        if let open = files.first(where: { (survey.found[$0]?.mode ?? 0) & $0.forbiddenMode != 0 }) {
            let mode = String(survey.found[open]?.mode ?? 0, radix: 8)
            return "\"\(open.path())\" is open to others (mode 0\(mode)); `drover apply` closes it"
        }
        guard let key = wanted.key, let certificate = wanted.certificate else {
            return "nothing was issued to this host; `drover apply` does it"
        }
        if let missing = files.first(where: { survey.found[$0] == nil }) {
            return "\"\(missing.path())\" is missing; `drover apply` puts it in place"
        }
        func differs(_ sha256: String, _ roles: VirtKeyFile.Role...) -> Bool {
            roles.contains { survey[plane, $0]?.sha256 != sha256 }
        }
        if differs(key, .serverkey, .clientkey) {
            return "its key is not the one that was issued; `drover apply` replaces it"
        }
        if differs(certificate, .servercert, .clientcert) {
            return "its certificate is not the latest one; `drover apply` puts that in place"
        }
        if differs(wanted.bundle, .cacert) {
            return "it trusts other CAs than it should; `drover apply` puts the bundle in place"
        }
        if differs(wanted.crl, .cacrl) { return "its revocation list is not the latest; `drover apply` brings that" }
        return nil
    }
}
