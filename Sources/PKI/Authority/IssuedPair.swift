/// A certificate with its key, fresh from the authority, which does not keep the key.
public struct IssuedPair: Sendable {
    public let certificate: Certificate
    /// PKCS #8 PEM. The only copy: what becomes of it is the caller's business.
    public let keyPEM: [UInt8]
    /// The plane's `cacert.pem` at the time of issue.
    public let bundlePEM: String
    public let entry: LedgerEntry
}

extension IssuedPair: CustomStringConvertible, CustomReflectable {
    /// Without the key, so that it does not get into a log by accident.
    public var description: String { "\(certificate) with its key" }
    public var customMirror: Mirror { Mirror(self, children: ["certificate": certificate]) }
}
