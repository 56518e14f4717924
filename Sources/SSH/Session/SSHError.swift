/// What went wrong between this program and an SSH server.
///
/// One type for the whole library: ``code`` says what kind of problem it is, ``message`` says it to a person (lower-case,
/// no trailing period, without the host, which is in ``host``), ``hint`` says what to do about it.
public struct SSHError: Error, Sendable, Hashable {
    /// The kind of problem. More may be added: compare with the constants, do not enumerate them.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        public let description: String

        private init(_ description: String) { self.description = description }

        /// The host's name is unknown, or no address of it takes a TCP connection.
        public static let unreachable = Code("unreachable")
        /// The deadline passed.
        public static let timeout = Code("timeout")
        /// No known_hosts line names this host, or none with a type of key that the server uses.
        public static let hostKeyUnknown = Code("hostKeyUnknown")
        /// A known_hosts line has another key of the same type for this host.
        public static let hostKeyChanged = Code("hostKeyChanged")
        /// The server's key is marked `@revoked` for this host.
        public static let hostKeyRevoked = Code("hostKeyRevoked")
        /// A known_hosts file cannot be read, or only an `@cert-authority` line names the host.
        public static let unsupportedKnownHosts = Code("unsupportedKnownHosts")
        /// Client and server have no algorithm in common.
        public static let noCommonAlgorithm = Code("noCommonAlgorithm")
        /// The server accepted none of the keys (and no password).
        public static let authenticationFailed = Code("authenticationFailed")
        /// The connection ended, or the server stopped answering, before the operation did.
        public static let connectionLost = Code("connectionLost")
        /// The server broke the protocol, or refused a request that it should grant.
        public static let protocolError = Code("protocolError")
        /// The server refused a channel or a command.
        public static let refused = Code("refused")
        /// The calling task was cancelled.
        public static let cancelled = Code("cancelled")
        /// The session or channel was closed by this side before.
        public static let closed = Code("closed")
        /// The request cannot be made at all: a command too long, a name with a NUL in it.
        public static let invalidRequest = Code("invalidRequest")
        /// This process lacks descriptors, threads or memory.
        public static let resourcesExhausted = Code("resourcesExhausted")
    }

    public var code: Code
    public var message: String
    public var hint: String?
    /// The host as the caller named it.
    public var host: String?
    /// The `errno` beneath, if there is one.
    public var systemError: Int32?
    /// libssh2's own code and text, if it was libssh2 that complained.
    public var libraryError: Int32?
    public var libraryMessage: String?
    /// The known_hosts line that decided.
    public var file: String?
    public var line: Int?
    /// The key that known_hosts has.
    public var knownKey: HostKey?
    /// The key that the server showed.
    public var presentedKey: HostKey?

    public init(_ code: Code, _ message: String, hint: String? = nil, host: String? = nil) {
        self.code = code
        self.message = message
        self.hint = hint
        self.host = host
    }

    /// The same problem, said of a host.
    func at(_ host: String) -> SSHError {
        var copy = self
        copy.host = self.host ?? host
        return copy
    }
}

extension SSHError: CustomStringConvertible {
    /// Host, message and hint on one line each.
    public var description: String {
        let head = host.map { "\($0): \(message)" } ?? message
        return hint.map { "\(head)\nhint: \($0)" } ?? head
    }
}
