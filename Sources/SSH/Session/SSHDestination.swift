/// Where to connect to, as whom, and with which keys.
public struct SSHDestination: Sendable, Hashable {
    /// A host name or a literal address.
    public var host: String
    public var port: Int
    public var user: String
    /// The name to look for in known_hosts instead of host and port (OpenSSH's `HostKeyAlias`).
    public var hostKeyAlias: String?
    /// Paths of private keys, tried in this order. `~` is not expanded.
    public var identities: [String]
    /// Whether the keys of an agent are tried too.
    public var useAgent: Bool
    /// The agent's socket; `SSH_AUTH_SOCK` if nil.
    public var agentSocket: String?
    /// Seconds that the TCP connection and the key exchange together may take; each authentication attempt has as many
    /// again.
    public var connectTimeout: Double

    public init(
        host: String, port: Int = 22, user: String, hostKeyAlias: String? = nil, identities: [String] = [],
        useAgent: Bool = true, agentSocket: String? = nil, connectTimeout: Double = 15
    ) {
        self.host = host
        self.port = port
        self.user = user
        self.hostKeyAlias = hostKeyAlias
        self.identities = identities
        self.useAgent = useAgent
        self.agentSocket = agentSocket
        self.connectTimeout = connectTimeout
    }

    /// The private keys that OpenSSH tries when none is named, those that exist, in its order.
    ///
    /// - Parameter home: The user's home directory.
    public static func defaultIdentities(home: String) -> [String] {
        ["id_ecdsa", "id_ed25519", "id_rsa"].map { "\(home)/.ssh/\($0)" }.filter(LocalFile.exists)
    }
}

/// Secrets, asked for only when they are needed.
public struct SSHCredentials: Sendable {
    /// Gives the passphrase of an encrypted private key, or nil if there is none to give.
    public var passphrase: (@Sendable (_ identity: String) async -> String?)?
    /// Gives the user's password on the host, tried after all keys, or nil.
    public var password: (@Sendable () async -> String?)?

    public init(
        passphrase: (@Sendable (_ identity: String) async -> String?)? = nil,
        password: (@Sendable () async -> String?)? = nil
    ) {
        self.passphrase = passphrase
        self.password = password
    }
}
