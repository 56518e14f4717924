import CGnuTLS

extension GnuTLS {
    /// The DER forms of all certificates in a PEM text, in their order.
    static func certificates(in pem: [UInt8]) throws(PKIError) -> [[UInt8]] {
        var handles: UnsafeMutablePointer<gnutls_x509_crt_t?>?
        var count: UInt32 = 0
        let code = lend(pem) { gnutls_x509_crt_list_import2(&handles, &count, $0, GNUTLS_X509_FMT_PEM, 0) }
        guard code >= 0, let handles else {
            throw PKIError(.malformed, "not a list of certificates: \(text(of: code))", number: code)
        }
        defer {
            for index in 0..<Int(count) { gnutls_x509_crt_deinit(handles[index]) }
            drover_gnutls_free_pointer(handles)
        }
        var parts: [[UInt8]] = []
        for index in 0..<Int(count) {
            parts.append(
                try take("export a certificate") {
                    gnutls_x509_crt_export2(handles[index], GNUTLS_X509_FMT_DER, $0)
                })
        }
        return parts
    }

    /// The single blocks of a PEM text that holds several CRLs.
    static func revocationLists(in pem: [UInt8]) throws(PKIError) -> [[UInt8]] {
        var handles: UnsafeMutablePointer<gnutls_x509_crl_t?>?
        var count: UInt32 = 0
        let code = lend(pem) { gnutls_x509_crl_list_import2(&handles, &count, $0, GNUTLS_X509_FMT_PEM, 0) }
        guard code >= 0, let handles else {
            throw PKIError(.malformed, "not a list of CRLs: \(text(of: code))", number: code)
        }
        defer {
            for index in 0..<Int(count) { gnutls_x509_crl_deinit(handles[index]) }
            drover_gnutls_free_pointer(handles)
        }
        var parts: [[UInt8]] = []
        for index in 0..<Int(count) {
            parts.append(
                try take("export a CRL") { gnutls_x509_crl_export2(handles[index], GNUTLS_X509_FMT_PEM, $0) })
        }
        return parts
    }
}
