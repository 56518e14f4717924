import FoundationEssentials

/// One line of `ledger.jsonl`: something that the authority did.
public struct LedgerLine: Sendable, Hashable, Codable {
    /// What was done; open, so that a newer program's ledger can still be read.
    public struct Action: RawRepresentable, Sendable, Hashable, Codable {
        public let rawValue: String
        public init(rawValue: String) { self.rawValue = rawValue }

        /// A CA was made: the first one, or by a rotation a further one.
        public static let authority = Action(rawValue: "authority")
        public static let issue = Action(rawValue: "issue")
        public static let revoke = Action(rawValue: "revoke")
        /// A CRL was signed.
        public static let crl = Action(rawValue: "crl")
        /// The old CA left the bundle, and its key was deleted.
        public static let finish = Action(rawValue: "finish-rotation")
    }

    public var action: Action
    /// ISO 8601, UTC.
    public var at: String
    public var by: String
    public var reason: String
    public var plane: Plane
    public var name: String?
    public var serial: String?
    public var subject: String?
    public var dnsNames: [String]?
    public var ipAddresses: [String]?
    /// ISO 8601, UTC.
    public var notBefore: String?
    /// ISO 8601, UTC.
    public var notAfter: String?
    public var algorithm: String?
    /// The serial number of the CA that signed.
    public var issuerSerial: String?
    /// PEM.
    public var certificate: String?
    /// SHA-256 of the key's PEM text as it was handed out.
    public var keySHA256: String?
    /// SHA-256 of the certificate's DER form.
    public var sha256: String?
    /// The number of a CRL.
    public var number: Int?

    init(_ action: Action, plane: Plane, by: String, reason: String, at: Int) {
        self.action = action
        self.plane = plane
        self.by = by
        self.reason = reason
        self.at = UnixTime.iso8601(at)
    }

    /// Takes over what a certificate says.
    mutating func describe(_ made: Certificate) {
        serial = made.serial
        subject = made.subject
        dnsNames = made.dnsNames
        ipAddresses = made.ipAddresses
        notBefore = UnixTime.iso8601(made.notBefore)
        notAfter = UnixTime.iso8601(made.notAfter)
        algorithm = made.keyAlgorithm.rawValue
        certificate = made.pem
        sha256 = made.fingerprint
    }

    /// The line's bytes, with the newline that makes it complete.
    func encoded() throws(PKIError) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(self) else {
            throw PKIError(.damaged, "cannot encode a ledger line")
        }
        return Array(data) + [UInt8(ascii: "\n")]
    }

    /// Nil if the bytes are no line of a ledger.
    init?(_ bytes: UnsafeRawBufferPointer) {
        guard let line = try? JSONDecoder().decode(LedgerLine.self, from: Data(bytes)) else { return nil }
        self = line
    }
}
