import CGnuTLS

/// An X.509 certificate as a value: what it says, and its text.
public struct Certificate: Sendable {
    /// PEM, one block, ends with a newline.
    public let pem: String
    public let der: [UInt8]
    /// Lower-case hexadecimal without leading zero bytes beyond what the certificate has.
    public let serial: String
    /// The distinguished name in the order and spelling in which libvirt compares it (`tls_allowed_dn_list`).
    public let subject: String
    public let subjectFields: Subject
    /// The issuer's distinguished name, spelled like `subject`.
    public let issuer: String
    /// Seconds since 1970.
    public let notBefore: Int
    /// Seconds since 1970.
    public let notAfter: Int
    public let dnsNames: [String]
    /// In canonical text form.
    public let ipAddresses: [String]
    /// SHA-256 of the DER form, lower-case hexadecimal.
    public let fingerprint: String
    public let isCA: Bool
    /// How many CAs may follow below this one; nil if that is not limited.
    public let pathLength: Int?
    /// Empty if the certificate does not limit the use of its key.
    public let keyUsage: KeyUsage
    public let purposes: Purpose
    public let keyAlgorithm: KeyAlgorithm
    /// SHA-256 of the public key; `PrivateKey.publicKeyID` is the same for the key that belongs to it.
    public let publicKeyID: String
    /// Hexadecimal, empty if the certificate has none.
    public let subjectKeyID: String
    /// Hexadecimal, empty if the certificate has none.
    public let authorityKeyID: String

    /// Reads the first certificate of a PEM text.
    public init(pem: String) throws(PKIError) {
        try self.init(CertificateHandle(Array(pem.utf8), GNUTLS_X509_FMT_PEM))
    }

    public init(der: [UInt8]) throws(PKIError) {
        try self.init(CertificateHandle(der, GNUTLS_X509_FMT_DER))
    }

    /// Reads all certificates of a PEM text, in their order.
    public static func list(pem: String) throws(PKIError) -> [Certificate] {
        let parts = try GnuTLS.certificates(in: Array(pem.utf8))
        var certificates: [Certificate] = []
        for der in parts { certificates.append(try Certificate(der: der)) }
        return certificates
    }

    init(_ handle: borrowing CertificateHandle) throws(PKIError) {
        let raw = handle.raw
        pem = String(
            decoding: try GnuTLS.take("export a certificate") { gnutls_x509_crt_export2(raw, GNUTLS_X509_FMT_PEM, $0) },
            as: UTF8.self)
        der = try GnuTLS.take("export a certificate") { gnutls_x509_crt_export2(raw, GNUTLS_X509_FMT_DER, $0) }
        fingerprint = try GnuTLS.sha256(der)
        let fields = CertificateFields(raw)
        serial = try fields.serial()
        subject = try fields.text("read a subject") { gnutls_x509_crt_get_dn2(raw, $0) }
        subjectFields = try fields.subjectFields()
        issuer = try fields.text("read an issuer") { gnutls_x509_crt_get_issuer_dn2(raw, $0) }
        notBefore = gnutls_x509_crt_get_activation_time(raw)
        notAfter = gnutls_x509_crt_get_expiration_time(raw)
        (dnsNames, ipAddresses) = try fields.names()
        (isCA, pathLength) = fields.constraints()
        keyUsage = fields.keyUsage()
        purposes = try fields.purposes()
        keyAlgorithm = fields.keyAlgorithm()
        publicKeyID = try fields.publicKeyID()
        subjectKeyID = try fields.subjectKeyID()
        authorityKeyID = try fields.authorityKeyID()
    }

    /// True if this is the key that the certificate was made for.
    public func publicKeyMatches(_ key: PrivateKey) -> Bool { publicKeyID == key.publicKeyID }

    /// True if the validity includes `time` (seconds since 1970).
    public func isValid(at time: Int) -> Bool { notBefore <= time && time <= notAfter }
}

extension Certificate: Hashable {
    public static func == (left: Certificate, right: Certificate) -> Bool { left.der == right.der }
    public func hash(into hasher: inout Hasher) { hasher.combine(fingerprint) }
}

extension Certificate: CustomStringConvertible {
    public var description: String { "certificate \(serial) of '\(Printable.text(subject))'" }
}
