import CGnuTLS

// Owners of GnuTLS objects. They live for one operation on one thread and are never kept: what is kept are values
// and PEM text.

/// An X.509 certificate being made or read.
struct CertificateHandle: ~Copyable {
    let raw: gnutls_x509_crt_t

    init() throws(PKIError) { raw = try Self.make() }

    private static func make() throws(PKIError) -> gnutls_x509_crt_t {
        var made: gnutls_x509_crt_t?
        try GnuTLS.check(gnutls_x509_crt_init(&made), "make a certificate")
        guard let made else { throw PKIError(.cryptography, "cannot make a certificate") }
        return made
    }

    init(_ bytes: [UInt8], _ format: gnutls_x509_crt_fmt_t) throws(PKIError) {
        let made = try Self.make()
        let code = GnuTLS.lend(bytes) { gnutls_x509_crt_import(made, $0, format) }
        guard code >= 0 else {
            gnutls_x509_crt_deinit(made)
            throw PKIError(.malformed, "not a certificate: \(GnuTLS.text(of: code))", number: code)
        }
        raw = made
    }

    deinit { gnutls_x509_crt_deinit(raw) }
}

/// A private key that can be generated, imported and exported.
struct KeyHandle: ~Copyable {
    let raw: gnutls_x509_privkey_t

    init() throws(PKIError) { raw = try Self.make() }

    private static func make() throws(PKIError) -> gnutls_x509_privkey_t {
        var made: gnutls_x509_privkey_t?
        try GnuTLS.check(gnutls_x509_privkey_init(&made), "make a key")
        guard let made else { throw PKIError(.cryptography, "cannot make a key") }
        return made
    }

    init(pem: SecretMemory) throws(PKIError) {
        let made = try Self.make()
        let code = pem.withBytes { bytes in
            GnuTLS.lend(bytes) { gnutls_x509_privkey_import(made, $0, GNUTLS_X509_FMT_PEM) }
        }
        guard code >= 0 else {
            gnutls_x509_privkey_deinit(made)
            throw PKIError(.malformed, "not an unencrypted private key: \(GnuTLS.text(of: code))", number: code)
        }
        raw = made
    }

    deinit { gnutls_x509_privkey_deinit(raw) }
}

/// The form of a private key that signs certificates and CRLs.
struct SigningHandle: ~Copyable {
    let raw: gnutls_privkey_t

    init(_ key: borrowing KeyHandle) throws(PKIError) {
        var made: gnutls_privkey_t?
        try GnuTLS.check(gnutls_privkey_init(&made), "make a signing key")
        guard let made else { throw PKIError(.cryptography, "cannot make a signing key") }
        let code = gnutls_privkey_import_x509(made, key.raw, UInt32(GNUTLS_PRIVKEY_IMPORT_COPY.rawValue))
        guard code >= 0 else {
            gnutls_privkey_deinit(made)
            throw PKIError(.cryptography, "cannot use the key for signing: \(GnuTLS.text(of: code))", number: code)
        }
        raw = made
    }

    deinit { gnutls_privkey_deinit(raw) }
}

/// A certificate revocation list being made or read.
struct RevocationHandle: ~Copyable {
    let raw: gnutls_x509_crl_t

    init() throws(PKIError) { raw = try Self.make() }

    private static func make() throws(PKIError) -> gnutls_x509_crl_t {
        var made: gnutls_x509_crl_t?
        try GnuTLS.check(gnutls_x509_crl_init(&made), "make a CRL")
        guard let made else { throw PKIError(.cryptography, "cannot make a CRL") }
        return made
    }

    init(pem: [UInt8]) throws(PKIError) {
        let made = try Self.make()
        let code = GnuTLS.lend(pem) { gnutls_x509_crl_import(made, $0, GNUTLS_X509_FMT_PEM) }
        guard code >= 0 else {
            gnutls_x509_crl_deinit(made)
            throw PKIError(.malformed, "not a CRL: \(GnuTLS.text(of: code))", number: code)
        }
        raw = made
    }

    deinit { gnutls_x509_crl_deinit(raw) }
}
