import Glibc

/// How sockets to SSH servers are set up.
enum SocketOptions {
    /// No delay for small packets, which libssh2 leaves to the owner of the socket and which otherwise costs 40 ms a round
    /// trip; and an end to connections whose peer is gone.
    static func prepare(_ descriptor: Int32) {
        set(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, 1)
        set(descriptor, SOL_SOCKET, SO_KEEPALIVE, 1)
        set(descriptor, Int32(IPPROTO_TCP), TCP_KEEPIDLE, 15)
        set(descriptor, Int32(IPPROTO_TCP), TCP_KEEPINTVL, 10)
        set(descriptor, Int32(IPPROTO_TCP), TCP_KEEPCNT, 3)
        set(descriptor, Int32(IPPROTO_TCP), TCP_USER_TIMEOUT, 45_000)
    }

    private static func set(_ descriptor: Int32, _ level: Int32, _ name: Int32, _ value: Int32) {
        var value = value
        // A kernel without the option loses a refinement only.
        _ = setsockopt(descriptor, level, name, &value, socklen_t(MemoryLayout<Int32>.size))
    }

    /// Looks whether a connection that was begun has come about.
    static func connectionAttempt(_ descriptor: Int32, _ address: SocketAddress) -> Attempt<Void> {
        var request = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        guard poll(&request, 1, 0) > 0 else { return .again }
        var problem: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        if getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &problem, &size) != 0 { problem = errno }
        guard problem == 0 else {
            return .failed(.system(.unreachable, "cannot connect to \(address.host)", problem))
        }
        return .done(())
    }
}
