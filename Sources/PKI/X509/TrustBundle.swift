import CGnuTLS
import Glibc

/// Trusted CAs, and the CRLs that go with them, to check certificates against.
public struct TrustBundle: Sendable {
    /// What a check came to; trusted if there are no problems.
    public struct Verdict: Sendable, Hashable {
        /// One line for each, in the words of a report.
        public let problems: [String]
        public var isTrusted: Bool { problems.isEmpty }
    }

    public let certificates: [Certificate]
    private let pem: [UInt8]
    private let crl: [UInt8]?
    private let revocationLists: [RevocationList]

    /// `pem` is what hosts have as `cacert.pem`; `crl` what they have as `cacrl.pem`.
    public init(pem: String, crl: String? = nil) throws(PKIError) {
        certificates = try Certificate.list(pem: pem)
        revocationLists = if let crl { try RevocationList.list(pem: crl) } else { [] }
        self.pem = Array(pem.utf8)
        self.crl = crl.map { Array($0.utf8) }
    }

    /// Checks signature, validity now, revocation and, where given, name (a DNS name or an address) and purpose.
    public func verify(
        _ certificate: Certificate, chain: [Certificate] = [], name: String? = nil, purpose: Purpose = []
    ) throws(PKIError) -> Verdict {
        var list: gnutls_x509_trust_list_t?
        try GnuTLS.check(gnutls_x509_trust_list_init(&list, 0), "make a list of trusted CAs")
        defer { gnutls_x509_trust_list_deinit(list, 1) }
        try load(list)
        let status = try status(list, [certificate] + chain, name, purpose)
        return Verdict(problems: problems(of: status, certificate, name) + staleLists(for: certificate))
    }

    private func load(_ list: gnutls_x509_trust_list_t?) throws(PKIError) {
        let format = GNUTLS_X509_FMT_PEM
        let added = GnuTLS.lend(pem) { gnutls_x509_trust_list_add_trust_mem(list, $0, nil, format, 0, 0) }
        try GnuTLS.check(added, "trust the CAs")
        guard let crl else { return }
        // Without GNUTLS_TL_VERIFY_CRL, as libvirt and QEMU load it: with it, GnuTLS silently drops an old CRL, and a
        // revoked certificate would pass.
        let loaded = GnuTLS.lend(crl) { gnutls_x509_trust_list_add_trust_mem(list, nil, $0, format, 0, 0) }
        try GnuTLS.check(loaded, "use the CRLs")
    }

    private func status(
        _ list: gnutls_x509_trust_list_t?, _ chain: [Certificate], _ name: String?, _ purpose: Purpose
    ) throws(PKIError) -> UInt32 {
        var handles: [gnutls_x509_crt_t?] = []
        defer { for handle in handles { gnutls_x509_crt_deinit(handle) } }
        for certificate in chain {
            var handle: gnutls_x509_crt_t?
            try GnuTLS.check(gnutls_x509_crt_init(&handle), "make a certificate")
            handles.append(handle)
            let code = GnuTLS.lend(certificate.der) { gnutls_x509_crt_import(handle, $0, GNUTLS_X509_FMT_DER) }
            try GnuTLS.check(code, "read a certificate")
        }
        var wanted = (name.map { [(GNUTLS_DT_DNS_HOSTNAME, $0)] } ?? [])
        wanted += Purpose.identifiers.filter { purpose.contains($0.purpose) }.map {
            (GNUTLS_DT_KEY_PURPOSE_OID, $0.oid)
        }
        let texts = wanted.map { strdup($0.1) }
        defer { for text in texts { free(text) } }
        var data = zip(wanted, texts).map { item, text in
            gnutls_typed_vdata_st(
                type: item.0, data: text.map { UnsafeMutableRawPointer($0).assumingMemoryBound(to: UInt8.self) },
                size: 0)
        }
        var status: UInt32 = 0
        try GnuTLS.check(
            gnutls_x509_trust_list_verify_crt2(
                list, &handles, UInt32(handles.count), &data, UInt32(data.count), 0, &status, nil),
            "verify a certificate")
        return status
    }

    /// GnuTLS does not look at the age of a CRL that it was given; openssl refuses every certificate then.
    private func staleLists(for certificate: Certificate) -> [String] {
        revocationLists.filter { $0.authorityKeyID == certificate.authorityKeyID && $0.nextUpdate < UnixTime.now }.map {
            "the CRL is too old: it should have been replaced by \(UnixTime.iso8601($0.nextUpdate))"
        }
    }

    private func problems(of status: UInt32, _ certificate: Certificate, _ name: String?) -> [String] {
        func has(_ flag: gnutls_certificate_status_t) -> Bool { status & flag.rawValue != 0 }
        var found: [String] = []
        if has(GNUTLS_CERT_EXPIRED) { found.append("expired on \(UnixTime.iso8601(certificate.notAfter))") }
        if has(GNUTLS_CERT_NOT_ACTIVATED) {
            found.append("not valid before \(UnixTime.iso8601(certificate.notBefore)): is a clock wrong?")
        }
        if has(GNUTLS_CERT_REVOKED) { found.append("revoked (serial \(certificate.serial))") }
        if has(GNUTLS_CERT_UNEXPECTED_OWNER) {
            let names = (certificate.dnsNames + certificate.ipAddresses).map { "'\(Printable.text($0))'" }
            let holds = names.isEmpty ? "no name at all" : names.prefix(8).joined(separator: ", ")
            found.append("does not name '\(Printable.text(name ?? ""))', but \(holds)")
        }
        if has(GNUTLS_CERT_SIGNER_NOT_FOUND) {
            found.append("issued by '\(Printable.text(certificate.issuer))', which is not a trusted CA")
        }
        let others: [(gnutls_certificate_status_t, String)] = [
            (GNUTLS_CERT_SIGNER_NOT_CA, "issued by a certificate that is no CA"),
            (GNUTLS_CERT_SIGNATURE_FAILURE, "its signature does not match its issuer's key"),
            (GNUTLS_CERT_INSECURE_ALGORITHM, "signed with an insecure algorithm"),
            (GNUTLS_CERT_SIGNER_CONSTRAINTS_FAILURE, "its CA may not issue it (constraints)"),
            (GNUTLS_CERT_PURPOSE_MISMATCH, "not for this purpose (extended key usage)"),
            (GNUTLS_CERT_UNKNOWN_CRIT_EXTENSIONS, "has a critical extension that is not understood"),
        ]
        found += others.filter { has($0.0) }.map(\.1)
        return found.isEmpty && status != 0 ? ["not trusted (status \(status))"] : found
    }
}
