/// A connection to an SSH server: authenticated, with the server's key checked.
///
/// Safe to use from any task; several channels may be in use at the same time. Each session lives on one of a few event-loop
/// threads, and no call keeps a thread of the caller's. Cancelling a task ends its waits at once and leaves the session as
/// it is. A session whose last reference goes away is closed.
public final class SSHSession: Sendable {
    /// Seconds of silence after which the server is asked for a sign of life.
    private static let keepaliveInterval = 15

    /// The key that the server proved to have.
    public let hostKey: HostKey
    /// The address that the connection goes to, without the port; for a session through another one, what that one was
    /// asked for.
    public let peerAddress: String
    /// The host as the destination named it.
    public let host: String
    let connection: Connection
    /// Kept open as long as this one.
    private let jump: SSHSession?

    private init(connection: Connection, hostKey: HostKey, peerAddress: String, jump: SSHSession?) {
        self.jump = jump
        self.connection = connection
        self.hostKey = hostKey
        self.peerAddress = peerAddress
        host = connection.host
    }

    deinit {
        let connection = connection
        connection.loop.submit { connection.assumeIsolated { $0.close() } }
    }

    /// Connects, checks the server's key, authenticates.
    ///
    /// - Parameters:
    ///   - destination: Where, as whom, with which keys.
    ///   - knownHosts: What is known; a key that is not is refused.
    ///   - credentials: Passphrases and a password, asked for when they are needed.
    ///   - jump: A session through which to connect; the destination's host is looked up over there.
    /// - Throws: any code of ``SSHError``; whatever was opened is closed again.
    public static func connect(
        to destination: SSHDestination, knownHosts: KnownHosts, credentials: SSHCredentials = SSHCredentials(),
        via jump: SSHSession? = nil
    ) async throws(SSHError) -> SSHSession {
        guard !destination.user.isEmpty, !destination.user.utf8.contains(0) else {
            throw SSHError(.invalidRequest, "'\(destination.user)' is no user name", host: destination.host)
        }
        let (host, port, alias) = (destination.host, destination.port, destination.hostKeyAlias)
        let preferred = knownHosts.preferredAlgorithms(host: host, port: port, alias: alias)
        let algorithms = preferred?.split(separator: ",").map(String.init) ?? Algorithms.hostKeys
        let deadline = Deadline.seconds(destination.connectTimeout)
        let connection = try await open(host, port, via: jump, deadline: deadline)
        do {
            let key = try await connection.handshake(hostKeyAlgorithms: algorithms, deadline: deadline)
            try knownHosts.check(host: host, port: port, alias: alias, key: key, offer: await connection.offer)
            try await connection.authenticate(destination, credentials)
            await connection.startKeepalive(every: keepaliveInterval)
            return SSHSession(
                connection: connection, hostKey: key, peerAddress: await connection.peerAddress, jump: jump)
        } catch {
            await connection.close()
            throw error.at(host)
        }
    }

    /// Connects, hands the session to `body`, and closes it whatever comes of that.
    public static func withSession<Value: Sendable>(
        to destination: SSHDestination, knownHosts: KnownHosts, credentials: SSHCredentials = SSHCredentials(),
        via jump: SSHSession? = nil, _ body: (SSHSession) async throws -> Value
    ) async throws -> Value {
        let session = try await connect(to: destination, knownHosts: knownHosts, credentials: credentials, via: jump)
        do {
            let value = try await body(session)
            await session.close()
            return value
        } catch {
            await session.close()
            throw error
        }
    }

    /// The host keys that a server shows, one of each type that it offers and libssh2 can check, without authenticating:
    /// what a person is asked to trust.
    ///
    /// - Parameter timeout: Seconds for each connection; there is one for each type.
    /// - Throws: what kept the server from showing even one.
    public static func hostKeys(
        of host: String, port: Int = 22, via jump: SSHSession? = nil, timeout: Double = 15
    ) async throws(SSHError) -> [HostKey] {
        // The first time all are offered, to learn what the server has; then one at a time.
        let (first, offer) = try await shown(by: host, port, via: jump, timeout, Algorithms.hostKeys)
        var keys = [first]
        for type in offer?.hostKeys ?? Algorithms.hostKeys where type != first.type {
            guard Algorithms.hostKeys.contains(type) else { continue }
            do {
                keys.append(try await shown(by: host, port, via: jump, timeout, [type]).0)
            } catch  where error.code == .cancelled {
                throw error
            } catch {
                // No news: dropbear offers types of which it has no key, and hangs up when one is taken at its word.
                continue
            }
        }
        return keys
    }

    /// The host key that a server shows, without authenticating, by one handshake.
    ///
    /// - Parameters:
    ///   - types: Of these types (`ssh-ed25519`); nil for whichever is best of those that libssh2 can check.
    ///   - connectTimeout: Seconds of `timeout` within which the connection has to stand; nil for all of them.
    /// - Throws: noCommonAlgorithm when it has no such key; unreachable, timeout, connectionLost, protocolError.
    public static func hostKey(
        of host: String, port: Int = 22, via jump: SSHSession? = nil, types: [String]? = nil, timeout: Double = 15,
        connectTimeout: Double? = nil
    ) async throws(SSHError) -> HostKey {
        let wanted = types ?? Algorithms.hostKeys
        return try await shown(by: host, port, via: jump, timeout, connect: connectTimeout, wanted).0
    }

    private static func shown(
        by host: String, _ port: Int, via jump: SSHSession?, _ timeout: Double, connect: Double? = nil,
        _ algorithms: [String]
    ) async throws(SSHError) -> (HostKey, ServerOffer?) {
        let deadline = Deadline.seconds(timeout)
        let connection = try await open(host, port, via: jump, deadline: .seconds(min(timeout, connect ?? timeout)))
        do {
            let key = try await connection.handshake(hostKeyAlgorithms: algorithms, deadline: deadline)
            let offer = await connection.offer
            await connection.close()
            return (key, offer)
        } catch {
            await connection.close()
            throw error.at(host)
        }
    }

    private static func open(
        _ host: String, _ port: Int, via jump: SSHSession?, deadline: Deadline
    ) async throws(SSHError) -> Connection {
        if let jump {
            return try await jump.connection.relay(to: host, port: port, deadline: deadline)
        }
        let addresses = try await NameLookup.addresses(of: host, port: port, deadline: deadline)
        let connection = Connection(loop: try EventLoop.next(), host: host)
        try await connection.dial(addresses, deadline: deadline)
        return connection
    }

    /// Starts a command by the user's login shell on the host.
    ///
    /// - Parameters:
    ///   - command: At most 32 000 bytes; what is longer belongs on standard input.
    ///   - timeout: Seconds until the server has to have started it; nil for no limit.
    /// - Throws: refused, connectionLost, cancelled, timeout, closed.
    public func exec(_ command: String, timeout: Double? = nil) async throws(SSHError) -> SSHChannel {
        guard command.utf8.count <= 32_000, !command.utf8.contains(0) else {
            throw SSHError(
                .invalidRequest, "a command of \(command.utf8.count) bytes cannot be sent, or has a NUL in it",
                hint: "send it to a shell's standard input", host: host)
        }
        let id = try await connection.exec(command, deadline: .seconds(timeout))
        return SSHChannel(connection: connection, id: id, session: self)
    }

    /// Closes the connection. What waits on it ends with an error.
    public func close() async {
        await connection.close()
    }
}
