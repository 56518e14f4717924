import CLibSSH2
import Glibc

/// One connection, on one loop: the link, libssh2's session, and its channels.
///
/// Everything runs on the loop's thread, so libssh2 is never entered twice at a time.
actor Connection {
    nonisolated let loop: EventLoop
    nonisolated let host: String
    nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

    private(set) var operations: Operations?
    private(set) var library: LibrarySession?
    private(set) var peerAddress = ""
    private(set) var offer: ServerOffer?
    private var channels: [Int: OpaquePointer] = [:]
    private var lastChannel = 0
    /// The channel request that has libssh2's one slot for opening.
    private var openingChannel: Int?
    /// The channel whose command is being started.
    var startingChannel: Int?
    private var keepalive: Keepalive?

    init(loop: EventLoop, host: String) {
        self.loop = loop
        self.host = host
    }

    // MARK: - Link

    /// Connects to the first address that answers. With several, none may use up the time of the others.
    func dial(_ addresses: [SocketAddress], deadline: Deadline) async throws(SSHError) {
        var problems: [SSHError] = []
        for (index, address) in addresses.enumerated() {
            do {
                let share = deadline.share(of: addresses.count - index)
                let link = try await dial(address, deadline: share)
                peerAddress = address.host
                adopt(link)
                return
            } catch  where error.code == .cancelled {
                throw error
            } catch {
                problems.append(error)
            }
        }
        var error = problems.last ?? SSHError(.unreachable, "the host has no address")
        if problems.count > 1 {
            error.message = problems.map(\.message).joined(separator: "; ")
        }
        throw error.at(host)
    }

    private func dial(_ address: SocketAddress, deadline: Deadline) async throws(SSHError) -> SocketLink {
        let descriptor = socket(
            address.family, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw .system(.resourcesExhausted, "no socket", errno) }
        SocketOptions.prepare(descriptor)
        let started = address.withPointer { connect(descriptor, $0, $1) } == 0 ? 0 : errno
        let link = try SocketLink(descriptor, loop: loop)
        guard started == 0 || started == EINPROGRESS else {
            link.close()
            throw .system(.unreachable, "cannot connect to \(address.host)", started)
        }
        let operations = Operations(link: link, loop: loop, host: host)
        do {
            try await operations.run("connecting to \(address.host)", deadline: deadline) {
                SocketOptions.connectionAttempt(descriptor, address)
            }
            return link
        } catch {
            link.close()
            throw error
        }
    }

    /// Uses the link for the session from now on.
    func adopt(_ link: any Link, peerAddress: String? = nil) {
        if let peerAddress { self.peerAddress = peerAddress }
        let operations = Operations(link: link, loop: loop, host: host)
        self.operations = operations
    }

    // MARK: - Handshake

    /// Exchanges keys. The server's key has proved itself then, but has not been compared with anything.
    func handshake(hostKeyAlgorithms: [String], deadline: Deadline) async throws(SSHError) -> HostKey {
        guard let operations else { throw closedError("exchanging keys") }
        let library = try LibrarySession(link: operations.link)
        self.library = library
        try library.prefer(hostKeyAlgorithms)
        let descriptor = operations.link.descriptor
        let code = try await operations.run("exchanging keys", deadline: deadline) {
            let code = libssh2_session_handshake(library.pointer, descriptor)
            return code == LibraryError.again ? .again : .done(code)
        }
        offer = ServerOffer(opening: library.context.opening)
        library.context.isOpening = false
        guard code == 0 else { throw handshakeError(library, hostKeyAlgorithms).at(host) }
        library.context.opening = []
        var length = 0
        var type: Int32 = 0
        guard let bytes = libssh2_session_hostkey(library.pointer, &length, &type),
            let key = HostKey(blob: Array(UnsafeRawBufferPointer(start: bytes, count: length)))
        else { throw SSHError(.protocolError, "the server showed no host key", host: host) }
        return key
    }

    private func handshakeError(_ library: LibrarySession, _ hostKeyAlgorithms: [String]) -> SSHError {
        if let farewell = library.context.farewell {
            return SSHError(.connectionLost, "the server refused the connection: \(farewell)")
        }
        if let mismatch = offer?.mismatch(hostKeys: hostKeyAlgorithms) {
            return SSHError(.noCommonAlgorithm, mismatch.message, hint: mismatch.hint)
        }
        return library.error(.protocolError, offer == nil ? "the server does not speak SSH" : "no SSH session")
    }

    // MARK: - Calls

    /// Runs one call of libssh2's to its end.
    ///
    /// - Parameter call: Returns libssh2's code; it is repeated while that says "again".
    /// - Returns: The code, negative when the call failed in a way that leaves the session usable.
    func call(
        _ activity: String, deadline: Deadline = .none, _ call: @escaping (OpaquePointer) -> Int
    ) async throws(SSHError) -> Int {
        let (operations, library) = try live(activity)
        return try await operations.run(activity, deadline: deadline) {
            Self.outcome(of: call(library.pointer), library, operations)
        }
    }

    /// A code of libssh2's as an attempt; one that ends the session ends everything that waits for it.
    static func outcome(of code: Int, _ library: LibrarySession, _ operations: Operations) -> Attempt<Int> {
        if code == Int(LibraryError.again) { return .again }
        if code < 0, LibraryError.isFatal(Int32(code)) {
            let words = library.context.farewell ?? library.lastError.text
            operations.lose(.disconnected(words))
            return .again
        }
        return .done(code)
    }

    func live(_ activity: String) throws(SSHError) -> (Operations, LibrarySession) {
        guard let operations, let library else { throw closedError(activity) }
        return (operations, library)
    }

    nonisolated func closedError(_ activity: String) -> SSHError {
        SSHError(.closed, "the session is closed, no \(activity)", host: host)
    }

    // MARK: - Channels

    /// Opens a channel. Only one can be opened at a time, and one that was begun must be seen through, even if nobody wants
    /// it any more; it is closed then.
    func openChannel(
        _ activity: String, deadline: Deadline, open: @escaping (OpaquePointer) -> OpaquePointer?
    ) async throws(SSHError) -> Int {
        let (operations, library) = try live(activity)
        lastChannel += 1
        let id = lastChannel
        return try await operations.run(
            activity, deadline: deadline, orphaned: { self.abandon($0) }
        ) {
            self.tryOpening(id, library, operations, open)
        }
    }

    private func tryOpening(
        _ id: Int, _ library: LibrarySession, _ operations: Operations, _ open: (OpaquePointer) -> OpaquePointer?
    ) -> Attempt<Int> {
        guard openingChannel == nil || openingChannel == id else { return .again }
        openingChannel = id
        if let channel = open(library.pointer) {
            openingChannel = nil
            channels[id] = channel
            operations.retry()
            return .done(id)
        }
        let code = libssh2_session_last_errno(library.pointer)
        if code == LibraryError.again { return .again }
        openingChannel = nil
        operations.retry()
        if LibraryError.isFatal(code) { return Self.outcome(of: Int(code), library, operations) }
        return .failed(library.error(.refused, "the server refused a channel"))
    }

    /// libssh2's channel, while it is open.
    func channel(_ id: Int) -> OpaquePointer? { channels[id] }

    /// Runs a call on a channel to its end.
    func call(
        _ activity: String, channel id: Int, deadline: Deadline = .none,
        _ call: @escaping (OpaquePointer) -> Int
    ) async throws(SSHError) -> Int {
        try await attempt(activity, channel: id, deadline: deadline) { channel, library, operations in
            Self.outcome(of: call(channel), library, operations)
        }
    }

    /// Tries something on a channel until it is done; it ends when the channel is closed meanwhile.
    func attempt<Value: Sendable>(
        _ activity: String, channel id: Int, deadline: Deadline = .none,
        _ attempt: @escaping (OpaquePointer, LibrarySession, Operations) -> Attempt<Value>
    ) async throws(SSHError) -> Value {
        let (operations, library) = try live(activity)
        return try await operations.run(activity, deadline: deadline) {
            guard let channel = self.channels[id] else {
                return .failed(SSHError(.closed, "the channel was closed while \(activity)"))
            }
            return attempt(channel, library, operations)
        }
    }

    /// Closes a channel without anybody waiting for it.
    func abandon(_ id: Int) {
        guard let channel = channels.removeValue(forKey: id), let operations, operations.loss == nil else { return }
        operations.detached("closing a channel") {
            libssh2_channel_free(channel) == LibraryError.again ? .again : .done(())
        }
        // Others that wait on this channel find it gone.
        operations.tryAll()
    }

    // MARK: - End

    /// Keeps the connection alive from now on, and finds out when the server has gone silent.
    func startKeepalive(every seconds: Int) {
        guard let operations, let library else { return }
        keepalive = Keepalive(operations, library, seconds: seconds)
    }

    /// Says good-bye and frees everything. What waits ends with an error.
    func close() {
        keepalive?.stop()
        keepalive = nil
        channels = [:]
        guard let operations else { return }
        self.operations = nil
        if let library, operations.loss == nil {
            // One packet, which the link takes whole; whether it arrives does not matter.
            libssh2_session_disconnect_ex(library.pointer, SSH_DISCONNECT_BY_APPLICATION, "", "")
            operations.link.flush()
        }
        operations.lose(.closed)
        operations.link.close()
        library?.free()
        library = nil
    }
}
