import CGnuTLS

/// The kinds of key that are made here; what others made may be read as any kind.
public struct KeyAlgorithm: RawRepresentable, Sendable, Hashable, Codable {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }

    public static let ecP256 = KeyAlgorithm(rawValue: "ec-p256")
    public static let ecP384 = KeyAlgorithm(rawValue: "ec-p384")
    public static let ed25519 = KeyAlgorithm(rawValue: "ed25519")
    public static let rsa3072 = KeyAlgorithm(rawValue: "rsa-3072")
    public static let rsa4096 = KeyAlgorithm(rawValue: "rsa-4096")

    /// What `PrivateKey.generate` can make.
    public static let supported: [KeyAlgorithm] = [.ecP256, .ecP384, .ed25519, .rsa3072, .rsa4096]

    /// What GnuTLS needs to generate such a key, nil when it is not one of `supported`.
    var parameters: (algorithm: gnutls_pk_algorithm_t, bits: UInt32)? {
        switch self {
        case .ecP256: (GNUTLS_PK_ECDSA, drover_gnutls_curve_bits(GNUTLS_ECC_CURVE_SECP256R1))
        case .ecP384: (GNUTLS_PK_ECDSA, drover_gnutls_curve_bits(GNUTLS_ECC_CURVE_SECP384R1))
        case .ed25519: (GNUTLS_PK_EDDSA_ED25519, drover_gnutls_curve_bits(GNUTLS_ECC_CURVE_ED25519))
        case .rsa3072: (GNUTLS_PK_RSA, 3072)
        case .rsa4096: (GNUTLS_PK_RSA, 4096)
        default: nil
        }
    }

    /// The digest that goes with signatures of this key.
    var digest: gnutls_digest_algorithm_t {
        switch self {
        case .ecP384: GNUTLS_DIG_SHA384
        case .ed25519: GNUTLS_DIG_SHA512
        default: GNUTLS_DIG_SHA256
        }
    }

    init(_ algorithm: gnutls_pk_algorithm_t, bits: UInt32) {
        switch algorithm {
        case GNUTLS_PK_ECDSA: self.init(rawValue: "ec-p\(bits)")
        case GNUTLS_PK_EDDSA_ED25519: self = .ed25519
        case GNUTLS_PK_RSA: self.init(rawValue: "rsa-\(bits)")
        default:
            let name = gnutls_pk_algorithm_get_name(algorithm).map { String(cString: $0) } ?? "unknown"
            self.init(rawValue: "\(name.lowercased())-\(bits)")
        }
    }
}

extension KeyAlgorithm: CustomStringConvertible {
    public var description: String { rawValue }
}
