import CGnuTLS

/// What a certificate allows its key to be used for (RFC 5280, 4.2.1.3).
public struct KeyUsage: OptionSet, Sendable, Hashable {
    public let rawValue: UInt32
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    public static let digitalSignature = KeyUsage(rawValue: UInt32(GNUTLS_KEY_DIGITAL_SIGNATURE))
    public static let keyEncipherment = KeyUsage(rawValue: UInt32(GNUTLS_KEY_KEY_ENCIPHERMENT))
    public static let certificateSign = KeyUsage(rawValue: UInt32(GNUTLS_KEY_KEY_CERT_SIGN))
    public static let crlSign = KeyUsage(rawValue: UInt32(GNUTLS_KEY_CRL_SIGN))
}

/// What a certificate's holder may be in TLS.
public struct Purpose: OptionSet, Sendable, Hashable {
    public let rawValue: Int
    public init(rawValue: Int) { self.rawValue = rawValue }

    public static let server = Purpose(rawValue: 1)
    public static let client = Purpose(rawValue: 2)

    /// The extended key usage that says so.
    static let identifiers: [(purpose: Purpose, oid: String)] = [
        (.server, GNUTLS_KP_TLS_WWW_SERVER), (.client, GNUTLS_KP_TLS_WWW_CLIENT),
    ]
}
