/// When, by whom and why a certificate was revoked.
public struct Revocation: Sendable, Hashable {
    /// Seconds since 1970.
    public let at: Int
    public let by: String
    public let reason: String
}

/// A certificate that was issued, as the ledger remembers it.
public struct LedgerEntry: Sendable, Hashable {
    /// The holder's name in the ledger.
    public let name: String
    public let plane: Plane
    public let serial: String
    public let subject: String
    public let dnsNames: [String]
    public let ipAddresses: [String]
    /// Seconds since 1970.
    public let notBefore: Int
    /// Seconds since 1970.
    public let notAfter: Int
    public let algorithm: KeyAlgorithm
    /// The serial number of the CA that signed it.
    public let issuerSerial: String
    public let certificatePEM: String
    /// SHA-256 of the key's PEM text as it was handed out; the key itself is not kept.
    public let keySHA256: String
    /// SHA-256 of the certificate's DER form.
    public let fingerprint: String
    /// Seconds since 1970.
    public let issuedAt: Int
    public let by: String
    public let reason: String
    public internal(set) var revocation: Revocation?

    public var isRevoked: Bool { revocation != nil }

    /// Nil unless the line tells of an issued certificate, completely.
    init?(_ line: LedgerLine) {
        guard line.action == .issue, let name = line.name, let serial = line.serial, let pem = line.certificate,
            let notBefore = line.notBefore.flatMap({ UnixTime.seconds(iso8601: $0) }),
            let notAfter = line.notAfter.flatMap({ UnixTime.seconds(iso8601: $0) }),
            let at = UnixTime.seconds(iso8601: line.at)
        else { return nil }
        self.name = name
        self.serial = serial
        self.notBefore = notBefore
        self.notAfter = notAfter
        plane = line.plane
        subject = line.subject ?? ""
        dnsNames = line.dnsNames ?? []
        ipAddresses = line.ipAddresses ?? []
        algorithm = KeyAlgorithm(rawValue: line.algorithm ?? "")
        issuerSerial = line.issuerSerial ?? ""
        certificatePEM = pem
        keySHA256 = line.keySHA256 ?? ""
        fingerprint = line.sha256 ?? ""
        issuedAt = at
        by = line.by
        reason = line.reason
    }
}
