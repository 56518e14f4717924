import CGnuTLS

/// A certificate revocation list of one CA.
public struct RevocationList: Sendable, Hashable {
    public let pem: String
    public let number: Int
    public let issuer: String
    /// Hexadecimal, of the CA that signed it.
    public let authorityKeyID: String
    /// Seconds since 1970.
    public let thisUpdate: Int
    /// Seconds since 1970. A verifier may refuse every certificate of the CA when its CRL is older than this.
    public let nextUpdate: Int
    /// Serial numbers, as `Certificate.serial`.
    public let serials: Set<String>

    /// Reads all lists of a PEM text, one for each CA.
    public static func list(pem: String) throws(PKIError) -> [RevocationList] {
        var lists: [RevocationList] = []
        for block in try GnuTLS.revocationLists(in: Array(pem.utf8)) {
            lists.append(try RevocationList(RevocationHandle(pem: block)))
        }
        return lists
    }

    /// Signs a list of `revoked` certificates, with the times (seconds since 1970) at which they were revoked.
    static func make(
        by issuer: IssuingCA, revoked: [(serial: String, at: Int)], number: Int, thisUpdate: Int, nextUpdate: Int
    ) throws(PKIError) -> RevocationList {
        let handle = try RevocationHandle()
        let raw = handle.raw
        try GnuTLS.check(gnutls_x509_crl_set_version(raw, 2), "set the CRL's version")
        try GnuTLS.check(gnutls_x509_crl_set_this_update(raw, thisUpdate), "set the CRL's time")
        try GnuTLS.check(gnutls_x509_crl_set_next_update(raw, nextUpdate), "set the CRL's next update")
        for entry in revoked {
            guard let serial = Hex.bytes(entry.serial) else {
                throw PKIError(.damaged, "serial number '\(Printable.text(entry.serial))' is not hexadecimal")
            }
            try GnuTLS.check(
                gnutls_x509_crl_set_crt_serial(raw, serial, serial.count, entry.at), "add to the CRL")
        }
        let keyID = Hex.bytes(issuer.certificate.subjectKeyID) ?? []
        try GnuTLS.check(gnutls_x509_crl_set_authority_key_id(raw, keyID, keyID.count), "set the CRL's issuer")
        // A leading zero byte keeps the DER integer positive.
        let digits = withUnsafeBytes(of: UInt64(max(0, number)).bigEndian) { [0] + Array($0) }
        let leading = digits.indices.dropLast().first { digits[$0] != 0 || digits[$0 + 1] >= 0x80 } ?? digits.count - 1
        let encoded = Array(digits[leading...])
        try GnuTLS.check(gnutls_x509_crl_set_number(raw, encoded, encoded.count), "set the CRL's number")
        let certificate = try CertificateHandle(issuer.certificate.der, GNUTLS_X509_FMT_DER)
        let signing = try SigningHandle(issuer.key.handle())
        try GnuTLS.check(
            gnutls_x509_crl_privkey_sign(raw, certificate.raw, signing.raw, issuer.key.algorithm.digest, 0),
            "sign a CRL")
        let pem = try GnuTLS.take("export a CRL") { gnutls_x509_crl_export2(raw, GNUTLS_X509_FMT_PEM, $0) }
        return try RevocationList(RevocationHandle(pem: pem))
    }

    private init(_ handle: borrowing RevocationHandle) throws(PKIError) {
        let raw = handle.raw
        let text = try GnuTLS.take("export a CRL") { gnutls_x509_crl_export2(raw, GNUTLS_X509_FMT_PEM, $0) }
        pem = String(decoding: text, as: UTF8.self)
        let digits = try GnuTLS.fill("read a CRL's number") { gnutls_x509_crl_get_number(raw, $0, $1, nil) }
        number = Int(truncatingIfNeeded: (digits ?? []).suffix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
        issuer = String(
            decoding: try GnuTLS.take("read a CRL's issuer") { gnutls_x509_crl_get_issuer_dn2(raw, $0) },
            as: UTF8.self)
        authorityKeyID = Hex.text(
            try GnuTLS.fill("read a CRL's issuer") { gnutls_x509_crl_get_authority_key_id(raw, $0, $1, nil) } ?? [])
        thisUpdate = gnutls_x509_crl_get_this_update(raw)
        nextUpdate = gnutls_x509_crl_get_next_update(raw)
        var found: Set<String> = []
        for index in 0..<max(0, gnutls_x509_crl_get_crt_count(raw)) {
            var time = 0
            let serial = try GnuTLS.fill("read a CRL") {
                gnutls_x509_crl_get_crt_serial(raw, UInt32(index), $0, $1, &time)
            }
            found.insert(Hex.text(serial ?? []))
        }
        serials = found
    }
}
