import CGnuTLS

/// Reads single fields of a certificate that somebody else keeps alive.
struct CertificateFields {
    private let raw: gnutls_x509_crt_t

    init(_ raw: gnutls_x509_crt_t) { self.raw = raw }

    func text(
        _ doing: String, _ call: (UnsafeMutablePointer<gnutls_datum_t>) -> Int32
    ) throws(PKIError) -> String {
        do {
            return String(decoding: try GnuTLS.take(doing, call), as: UTF8.self)
        } catch  where error.number == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE {
            return ""
        }
    }

    func serial() throws(PKIError) -> String {
        Hex.text(try GnuTLS.fill("read a serial number") { gnutls_x509_crt_get_serial(raw, $0, $1) } ?? [])
    }

    /// The values themselves; the textual forms of a name have backslashes in them.
    func subjectFields() throws(PKIError) -> Subject {
        var name: gnutls_x509_dn_t?
        try GnuTLS.check(gnutls_x509_crt_get_subject(raw, &name), "read a subject")
        var parts: [String: String] = [:]
        for index in 0..<Int32(64) {
            var part = gnutls_x509_ava_st()
            guard gnutls_x509_dn_get_rdn_ava(name, index, 0, &part) >= 0 else { break }
            let oid = UnsafeBufferPointer(start: part.oid.data, count: Int(part.oid.size)).prefix { $0 != 0 }
            let value = UnsafeBufferPointer(start: part.value.data, count: Int(part.value.size))
            parts[String(decoding: oid, as: UTF8.self)] = String(decoding: value, as: UTF8.self)
        }
        return Subject(
            commonName: parts[GNUTLS_OID_X520_COMMON_NAME] ?? "",
            organization: parts[GNUTLS_OID_X520_ORGANIZATION_NAME] ?? "",
            country: parts[GNUTLS_OID_X520_COUNTRY_NAME] ?? "",
            state: parts[GNUTLS_OID_X520_STATE_OR_PROVINCE_NAME] ?? "",
            locality: parts[GNUTLS_OID_X520_LOCALITY_NAME] ?? "")
    }

    /// Alternative names; kinds other than DNS names and addresses are left out.
    func names() throws(PKIError) -> (dns: [String], addresses: [String]) {
        var dns: [String] = []
        var addresses: [String] = []
        for index in 0..<UInt32(4096) {
            var kind: Int32 = 0
            let found = try GnuTLS.fill("read alternative names") { buffer, size in
                kind = gnutls_x509_crt_get_subject_alt_name(raw, index, buffer, size, nil)
                return kind
            }
            guard let found else { break }
            switch UInt32(kind) {
            case GNUTLS_SAN_DNSNAME.rawValue: dns.append(String(decoding: found, as: UTF8.self))
            case GNUTLS_SAN_IPADDRESS.rawValue: addresses.append(IPAddress.text(found) ?? Hex.text(found))
            default: break
            }
        }
        return (dns, addresses)
    }

    func constraints() -> (isCA: Bool, pathLength: Int?) {
        var isCA: UInt32 = 0
        var length: Int32 = -1
        guard gnutls_x509_crt_get_basic_constraints(raw, nil, &isCA, &length) >= 0 else { return (false, nil) }
        return (isCA != 0, length < 0 ? nil : Int(length))
    }

    func keyUsage() -> KeyUsage {
        var usage: UInt32 = 0
        guard gnutls_x509_crt_get_key_usage(raw, &usage, nil) >= 0 else { return [] }
        return KeyUsage(rawValue: usage)
    }

    func purposes() throws(PKIError) -> Purpose {
        var purposes: Purpose = []
        for index in 0..<UInt32(64) {
            let found = try GnuTLS.fill("read extended key usage") {
                gnutls_x509_crt_get_key_purpose_oid(raw, index, $0, $1, nil)
            }
            guard let found else { break }
            let oid = String(decoding: found.prefix { $0 != 0 }, as: UTF8.self)
            for known in Purpose.identifiers where known.oid == oid { purposes.insert(known.purpose) }
        }
        return purposes
    }

    func keyAlgorithm() -> KeyAlgorithm {
        var bits: UInt32 = 0
        let kind = gnutls_x509_crt_get_pk_algorithm(raw, &bits)
        return KeyAlgorithm(gnutls_pk_algorithm_t(rawValue: UInt32(max(0, kind))), bits: bits)
    }

    func publicKeyID() throws(PKIError) -> String {
        let id = try GnuTLS.fill("identify a public key") {
            gnutls_x509_crt_get_key_id(raw, GNUTLS_KEYID_USE_SHA256.rawValue, $0, $1)
        }
        return Hex.text(id ?? [])
    }

    func subjectKeyID() throws(PKIError) -> String {
        Hex.text(
            try GnuTLS.fill("read the subject key identifier") {
                gnutls_x509_crt_get_subject_key_id(raw, $0, $1, nil)
            } ?? [])
    }

    func authorityKeyID() throws(PKIError) -> String {
        Hex.text(
            try GnuTLS.fill("read the authority key identifier") {
                gnutls_x509_crt_get_authority_key_id(raw, $0, $1, nil)
            } ?? [])
    }
}
