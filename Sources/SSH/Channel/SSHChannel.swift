/// What a command printed.
public enum ChannelEvent: Sendable, Hashable {
    /// On standard output.
    case output([UInt8])
    /// On standard error.
    case error([UInt8])
}

/// How a command ended.
public enum ExitStatus: Sendable, Hashable {
    case exited(Int32)
    /// Ended by a signal, named without `SIG`.
    case signalled(String)
    /// The channel ended without the server saying how.
    case missing
}

/// A command that runs on a host, with its input and its two outputs.
///
/// One task may write while another reads. Output that nobody reads stops the command once 2 MiB of it wait, and never fills
/// memory. The order between the two outputs is not kept. A channel whose last reference goes away is closed.
public final class SSHChannel: Sendable {
    private let connection: Connection
    private let id: Int
    /// Keeps the session open while its channel is in use.
    private let session: SSHSession

    init(connection: Connection, id: Int, session: SSHSession) {
        self.connection = connection
        self.id = id
        self.session = session
    }

    deinit {
        let (connection, id) = (connection, id)
        connection.loop.submit { connection.assumeIsolated { $0.abandon(id) } }
    }

    /// Sends all of the bytes to the command's standard input, as fast as it takes them.
    ///
    /// After a write that was cancelled or timed out it is unknown how much was sent; such a channel should be closed.
    ///
    /// - Parameter timeout: Seconds within which the command has to take the next part; nil for no limit.
    /// - Throws: closed when the command no longer reads; connectionLost, cancelled, timeout.
    public func write(_ bytes: [UInt8], timeout: Double? = nil) async throws(SSHError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = try await connection.write(rest, channel: id, deadline: .seconds(timeout))
            rest = rest.dropFirst(max(0, count))
        }
    }

    /// Ends the command's standard input.
    public func sendEOF() async throws(SSHError) {
        try await connection.sendEOF(channel: id)
    }

    /// The next output, at most 32 KiB, or nil when the command has closed both streams.
    ///
    /// - Parameter timeout: Seconds to wait for some; nil for no limit.
    public func read(timeout: Double? = nil) async throws(SSHError) -> ChannelEvent? {
        try await connection.read(channel: id, deadline: .seconds(timeout))
    }

    /// How the command ended. Output that has not been read is dropped.
    ///
    /// - Parameter timeout: Seconds that it may take to end; nil for no limit.
    public func exitStatus(timeout: Double? = nil) async throws(SSHError) -> ExitStatus {
        let deadline = Deadline.seconds(timeout)
        while try await connection.read(channel: id, deadline: deadline) != nil {}
        return try await connection.exitStatus(channel: id, deadline: deadline)
    }

    /// Closes the channel, whatever the command is doing, without waiting for the server.
    public func close() async {
        await connection.abandon(id)
    }
}
