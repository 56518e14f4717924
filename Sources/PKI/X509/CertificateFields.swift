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
        } catch where error.number == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE {
            return ""
        }
    }

    func serial() throws(PKIError) -> String {
        Hex.text(try GnuTLS.fill("read a serial number") { gnutls_x509_crt_get_serial(raw, $0, $1) } ?? [])
    }

    func subjectFields() throws(PKIError) -> Subject {
        Subject(
            commonName: try namePart(GNUTLS_OID_X520_COMMON_NAME),
            organization: try namePart(GNUTLS_OID_X520_ORGANIZATION_NAME),
            country: try namePart(GNUTLS_OID_X520_COUNTRY_NAME),
            state: try namePart(GNUTLS_OID_X520_STATE_OR_PROVINCE_NAME),
            locality: try namePart(GNUTLS_OID_X520_LOCALITY_NAME))
    }

    private func namePart(_ oid: String) throws(PKIError) -> String {
        let bytes = try GnuTLS.fill("read a subject") { gnutls_x509_crt_get_dn_by_oid(raw, oid, 0, 0, $0, $1) }
        return String(decoding: bytes ?? [], as: UTF8.self)
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
