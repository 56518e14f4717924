/// The algorithms that a server offers, read from its first, unencrypted message (RFC 4253, 7.1).
///
/// libssh2 does not tell, and without it "unable to exchange encryption keys" is all that could be said.
struct ServerOffer: Sendable, Equatable {
    let banner: String
    let keyExchanges: [String]
    let hostKeys: [String]
    let ciphers: [String]
    let authenticators: [String]

    /// - Parameter opening: What the server sent from the start of the connection; nil if the message is not whole in it.
    init?(opening: [UInt8]) {
        var rest = opening[...]
        var banner: String?
        while banner == nil {
            guard let end = rest.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
            let line = String(decoding: rest[..<end], as: UTF8.self)
            rest = rest[(end + 1)...]
            if line.hasPrefix("SSH-") { banner = line.last == "\r" ? String(line.dropLast()) : line }
        }
        var packet = WireReader(rest)
        guard let banner, let length = packet.number(), length < 64 << 10, packet.byte() != nil, packet.byte() == 20,
            packet.skip(16), let keyExchanges = packet.names(), let hostKeys = packet.names(),
            let ciphers = packet.names(), packet.names() != nil, let authenticators = packet.names()
        else { return nil }
        self.banner = banner
        self.keyExchanges = keyExchanges
        self.hostKeys = hostKeys
        self.ciphers = ciphers
        self.authenticators = authenticators
    }

    /// What is missing for a session, in words; nil if nothing is.
    func mismatch(hostKeys wanted: [String]) -> (message: String, hint: String)? {
        let version = LibrarySession.version
        if Set(hostKeys).isDisjoint(with: wanted) {
            let onlyRSA = hostKeys.allSatisfy { $0.hasPrefix("rsa-sha2-") || $0.hasSuffix("-cert-v01@openssh.com") }
            let reason =
                onlyRSA
                ? "RSA with SHA-2 is unknown to libssh2 \(version), which has only ssh-rsa with SHA-1"
                : "libssh2 \(version) can check \(wanted.joined(separator: ", "))"
            return (
                "no host key that can be checked: the server offers \(hostKeys.joined(separator: ", ")); \(reason)",
                "give the server an Ed25519 or ECDSA host key ('ssh-keygen -A' makes them)"
            )
        }
        if Set(keyExchanges).isDisjoint(with: Algorithms.keyExchanges) {
            return (
                "no common key exchange: the server offers \(keyExchanges.joined(separator: ", "))",
                "allow \(Algorithms.keyExchanges[0]) in the server's KexAlgorithms"
            )
        }
        if Set(ciphers).isDisjoint(with: Algorithms.ciphers) {
            return (
                "no common cipher: the server offers \(ciphers.joined(separator: ", "))",
                "allow \(Algorithms.ciphers[0]) in the server's Ciphers"
            )
        }
        if Set(authenticators).isDisjoint(with: Algorithms.authenticators) {
            return (
                "no common message authentication: the server offers \(authenticators.joined(separator: ", "))",
                "allow \(Algorithms.authenticators[0]) in the server's MACs"
            )
        }
        return nil
    }
}

/// What this client offers: what libssh2 has, less what is broken (DSA, MD5, CBC, RC4, 1024-bit groups).
enum Algorithms {
    static let keyExchanges = [
        "curve25519-sha256", "curve25519-sha256@libssh.org", "ecdh-sha2-nistp256", "ecdh-sha2-nistp384",
        "ecdh-sha2-nistp521", "diffie-hellman-group-exchange-sha256", "diffie-hellman-group16-sha512",
        "diffie-hellman-group18-sha512", "diffie-hellman-group14-sha256", "diffie-hellman-group14-sha1",
    ]
    static let hostKeys = [
        "ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "ssh-rsa",
    ]
    static let ciphers = ["aes128-ctr", "aes192-ctr", "aes256-ctr"]
    static let authenticators = ["hmac-sha2-256", "hmac-sha2-512", "hmac-sha1"]
}
