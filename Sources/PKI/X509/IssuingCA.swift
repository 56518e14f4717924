import CGnuTLS

/// A CA certificate with its key: what signs leaves and CRLs.
struct IssuingCA: Sendable {
    let certificate: Certificate
    let key: PrivateKey

    /// Certificates, CAs and CRLs begin to be valid this long before they are made (one hour), because the clock of
    /// a host that was just installed may be behind, and TLS refuses what is "not yet valid".
    static let backdating = 3600

    /// A new self-signed CA that may issue leaves only (path length 0).
    static func make(
        fleetName: String, plane: Plane, key: PrivateKey, days: Int, now: Int
    ) throws(PKIError) -> IssuingCA {
        let serial = try CertificateDraft.randomSerial()
        // The serial's beginning in the name keeps old and new CA apart while both are trusted.
        let subject = Subject(
            commonName: "\(fleetName) \(plane.rawValue) CA \(Hex.text(serial.prefix(4)))", organization: fleetName)
        try subject.validate()
        let draft = CertificateDraft(
            serial: serial, subject: subject, notBefore: now - backdating, notAfter: now + days * 86400, key: key,
            isCA: true)
        return IssuingCA(certificate: try draft.signed(by: nil), key: key)
    }

    /// Signs a leaf for `profile`, which is taken as it is; it ends no later than the CA itself.
    func issue(_ profile: LeafProfile, key leafKey: PrivateKey, now: Int) throws(PKIError) -> Certificate {
        guard certificate.isValid(at: now) else {
            throw PKIError(
                .authorityState,
                "the \(profile.plane) CA is valid from \(UnixTime.iso8601(certificate.notBefore)) to "
                    + "\(UnixTime.iso8601(certificate.notAfter)) only",
                hint: "rotate the CA")
        }
        var draft = CertificateDraft(
            serial: try CertificateDraft.randomSerial(), subject: profile.subject,
            notBefore: max(now - Self.backdating, certificate.notBefore),
            notAfter: min(now + profile.validityDays * 86400, certificate.notAfter), key: leafKey, isCA: false)
        draft.dnsNames = profile.dnsNames
        draft.ipAddresses = profile.ipAddresses
        draft.purposes = profile.purposes
        return try draft.signed(by: self)
    }
}
