import CGnuTLS

/// What a certificate shall say, until it is signed.
struct CertificateDraft {
    var serial: [UInt8]
    var subject: Subject
    var notBefore: Int
    var notAfter: Int
    var key: PrivateKey
    var isCA: Bool
    var dnsNames: [String] = []
    var ipAddresses: [String] = []
    var purposes: Purpose = []

    init(serial: [UInt8], subject: Subject, notBefore: Int, notAfter: Int, key: PrivateKey, isCA: Bool) {
        self.serial = serial
        self.subject = subject
        self.notBefore = notBefore
        self.notAfter = notAfter
        self.key = key
        self.isCA = isCA
    }

    /// 128 bits, of which 126 are random: the first two bits are 01, so that the number is positive and its DER form
    /// has always the same length.
    static func randomSerial() throws(PKIError) -> [UInt8] {
        var bytes = try GnuTLS.random(16)
        bytes[0] = bytes[0] & 0x3f | 0x40
        return bytes
    }

    /// Signs with the issuer's key, or with the draft's own when there is no issuer.
    func signed(by issuer: IssuingCA?) throws(PKIError) -> Certificate {
        let handle = try CertificateHandle()
        let keyHandle = try key.handle()
        try fillIn(handle.raw, keyHandle.raw)
        try addNames(handle.raw)
        try addKeyIdentifiers(handle.raw, issuer: issuer)
        let signingKey = issuer?.key ?? key
        let signing = try SigningHandle(signingKey.handle())
        if let issuer {
            let issuerHandle = try CertificateHandle(issuer.certificate.der, GNUTLS_X509_FMT_DER)
            try GnuTLS.check(
                gnutls_x509_crt_privkey_sign(
                    handle.raw, issuerHandle.raw, signing.raw, signingKey.algorithm.digest, 0),
                "sign a certificate")
        } else {
            try GnuTLS.check(
                gnutls_x509_crt_privkey_sign(handle.raw, handle.raw, signing.raw, signingKey.algorithm.digest, 0),
                "sign a CA certificate")
        }
        // Read back from the signed form, so that the value is what others will read.
        let der = try GnuTLS.take("export a certificate") {
            gnutls_x509_crt_export2(handle.raw, GNUTLS_X509_FMT_DER, $0)
        }
        return try Certificate(der: der)
    }

    private func fillIn(_ raw: gnutls_x509_crt_t, _ keyRaw: gnutls_x509_privkey_t) throws(PKIError) {
        try GnuTLS.check(gnutls_x509_crt_set_version(raw, 3), "set the version")
        try GnuTLS.check(gnutls_x509_crt_set_serial(raw, serial, serial.count), "set the serial number")
        try GnuTLS.check(gnutls_x509_crt_set_activation_time(raw, notBefore), "set the begin of validity")
        try GnuTLS.check(gnutls_x509_crt_set_expiration_time(raw, notAfter), "set the end of validity")
        try GnuTLS.check(gnutls_x509_crt_set_key(raw, keyRaw), "set the public key")
        try GnuTLS.check(
            gnutls_x509_crt_set_basic_constraints(raw, isCA ? 1 : 0, isCA ? 0 : -1), "set basic constraints")
        // libvirt before 11.6 refuses a certificate without key encipherment, whatever the kind of key.
        let usage: KeyUsage = isCA ? [.certificateSign, .crlSign] : [.digitalSignature, .keyEncipherment]
        try GnuTLS.check(gnutls_x509_crt_set_key_usage(raw, usage.rawValue), "set key usage")
        for known in Purpose.identifiers where purposes.contains(known.purpose) {
            try GnuTLS.check(gnutls_x509_crt_set_key_purpose_oid(raw, known.oid, 0), "set extended key usage")
        }
    }

    private func addNames(_ raw: gnutls_x509_crt_t) throws(PKIError) {
        let parts = [
            (GNUTLS_OID_X520_COUNTRY_NAME, subject.country),
            (GNUTLS_OID_X520_STATE_OR_PROVINCE_NAME, subject.state),
            (GNUTLS_OID_X520_LOCALITY_NAME, subject.locality),
            (GNUTLS_OID_X520_ORGANIZATION_NAME, subject.organization),
            (GNUTLS_OID_X520_COMMON_NAME, subject.commonName),
        ]
        for (oid, value) in parts where !value.isEmpty {
            let bytes = Array(value.utf8)
            try GnuTLS.check(
                gnutls_x509_crt_set_dn_by_oid(raw, oid, 0, bytes, UInt32(bytes.count)),
                "put '\(Printable.text(value))' into a subject")
        }
        let append = UInt32(GNUTLS_FSAN_APPEND)
        for name in dnsNames {
            let bytes = Array(name.utf8)
            try GnuTLS.check(
                gnutls_x509_crt_set_subject_alt_name(raw, GNUTLS_SAN_DNSNAME, bytes, UInt32(bytes.count), append),
                "add the name '\(Printable.text(name))'")
        }
        for address in ipAddresses {
            let bytes = IPAddress.bytes(address) ?? []
            try GnuTLS.check(
                gnutls_x509_crt_set_subject_alt_name(raw, GNUTLS_SAN_IPADDRESS, bytes, UInt32(bytes.count), append),
                "add the address '\(Printable.text(address))'")
        }
    }

    private func addKeyIdentifiers(_ raw: gnutls_x509_crt_t, issuer: IssuingCA?) throws(PKIError) {
        let own = try GnuTLS.fill("identify a key") {
            gnutls_x509_crt_get_key_id(raw, GNUTLS_KEYID_USE_SHA1.rawValue, $0, $1)
        }
        guard let own else { throw PKIError(.cryptography, "cannot identify a key") }
        try GnuTLS.check(gnutls_x509_crt_set_subject_key_id(raw, own, own.count), "set the subject key identifier")
        let authority = issuer.flatMap { Hex.bytes($0.certificate.subjectKeyID) } ?? own
        try GnuTLS.check(
            gnutls_x509_crt_set_authority_key_id(raw, authority, authority.count), "set the authority key identifier")
    }
}
