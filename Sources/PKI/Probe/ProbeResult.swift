/// What a TLS server showed when it was called.
public struct ProbeResult: Sendable, Hashable {
    /// The certificate that the server serves.
    public let certificate: Certificate
    /// What it sent, the served certificate first.
    public let chain: [Certificate]
    /// True if the certificate is valid, of the bundle's CA, not revoked, for servers, and for the name.
    public let verified: Bool
    /// What speaks against it, one line.
    public let problem: String?
    /// Like `TLS1.3`; empty if the handshake did not get to its end.
    public let tlsVersion: String
    /// libvirt's answer to the client's certificate: true if it let us in, false if it hung up, nil if it was not
    /// asked for or did not answer in time.
    public let accepted: Bool?
    /// How the server turned us away, as far as it said.
    public let refusal: String?
}

/// The certificate and key with which a probe introduces itself.
public struct ClientPair: Sendable, CustomStringConvertible, CustomReflectable {
    let certificate: String
    let key: SecretMemory

    public init(certificatePEM: String, keyPEM: [UInt8]) {
        certificate = certificatePEM
        key = SecretMemory(copying: keyPEM)
    }

    public init(_ pair: IssuedPair) { self.init(certificatePEM: pair.certificate.pem, keyPEM: pair.keyPEM) }

    public var description: String { "client pair" }
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}
