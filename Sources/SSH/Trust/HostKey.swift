internal import FoundationEssentials

/// A server's public key.
public struct HostKey: Sendable, Hashable {
    /// The name that stands in known_hosts: `ssh-ed25519`, `ecdsa-sha2-nistp256`, `ssh-rsa`, ...
    public let type: String
    /// The key as it goes over the wire.
    public let blob: [UInt8]

    /// - Parameter blob: The wire form, which begins with the type's name; nil if it does not.
    public init?(blob: [UInt8]) {
        var reader = WireReader(blob)
        guard let type = reader.text(), !type.isEmpty, !reader.isAtEnd else { return nil }
        self.type = type
        self.blob = blob
    }

    /// `SHA256:` and the hash in base 64 without padding, as `ssh-keygen -l` prints it.
    ///
    /// For people to compare; keys are compared whole.
    /// - Parameter sha256: The SHA-256 of bytes. libssh2 hashes no key but the one that a server shows, so it is the
    ///   caller's library that does.
    public func fingerprint(sha256: (_ bytes: [UInt8]) -> [UInt8]) -> String {
        "SHA256:" + Data(sha256(blob)).base64EncodedString().prefix { $0 != "=" }
    }

    /// Type and key in base 64, as they stand in known_hosts and authorized_keys.
    public var text: String { "\(type) \(Data(blob).base64EncodedString())" }
}
