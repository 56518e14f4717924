import Glibc

/// A connected, non-blocking TCP socket whose waits end at a deadline or a wake-up.
final class DeadlineSocket {
    let number: Int32
    private let peer: String
    private let deadline: ContinuousClock.Instant
    private let wake: WakeSignal

    /// Tries the addresses of a name one after the other, on the calling thread.
    ///
    /// - Throws: `unreachable` with the reason of the last one; `timeout`; `cancelled`.
    init(
        connectingTo address: String, port: Int, deadline: ContinuousClock.Instant, wake: WakeSignal
    ) throws(PKIError) {
        peer = address.contains(":") ? "[\(address)]:\(port)" : "\(address):\(port)"
        self.deadline = deadline
        self.wake = wake
        number = try Self.connected(address, port, peer, deadline, wake)
    }

    deinit { close(number) }

    /// Waits until the socket can be read or written.
    func wait(forWriting: Bool) throws(PKIError) {
        try Self.wait(number, forWriting, peer, deadline, wake)
    }

    private static func connected(
        _ address: String, _ port: Int, _ peer: String, _ deadline: ContinuousClock.Instant, _ wake: WakeSignal
    ) throws(PKIError) -> Int32 {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_NUMERICSERV
        var list: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(address, String(port), &hints, &list)
        guard code == 0 else {
            throw PKIError(
                .unreachable, "cannot look up '\(Printable.text(address))': \(String(cString: gai_strerror(code)))")
        }
        defer { freeaddrinfo(list) }
        var last = PKIError(.unreachable, "'\(Printable.text(address))' has no address")
        var next = list
        while let info = next?.pointee {
            do throws(PKIError) {
                return try connected(info, peer, deadline, wake)
            } catch  where error.code == .unreachable {
                last = error
            }
            next = info.ai_next
        }
        throw last
    }

    private static func connected(
        _ info: addrinfo, _ peer: String, _ deadline: ContinuousClock.Instant, _ wake: WakeSignal
    ) throws(PKIError) -> Int32 {
        let flags = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let number = socket(info.ai_family, flags, 0)
        guard number >= 0 else { throw unreachable(peer, errno) }
        var on: Int32 = 1
        setsockopt(number, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
        do throws(PKIError) {
            if connect(number, info.ai_addr, info.ai_addrlen) != 0 {
                guard errno == EINPROGRESS else { throw unreachable(peer, errno) }
                try wait(number, true, peer, deadline, wake)
                var problem: Int32 = 0
                var size = socklen_t(MemoryLayout<Int32>.size)
                getsockopt(number, SOL_SOCKET, SO_ERROR, &problem, &size)
                guard problem == 0 else { throw unreachable(peer, problem) }
            }
        } catch {
            close(number)
            throw error
        }
        return number
    }

    private static func unreachable(_ peer: String, _ number: Int32) -> PKIError {
        PKIError(.unreachable, "cannot connect to \(peer): \(PKIError.text(ofErrno: number))", number: number)
    }

    private static func wait(
        _ number: Int32, _ forWriting: Bool, _ peer: String, _ deadline: ContinuousClock.Instant, _ wake: WakeSignal
    ) throws(PKIError) {
        while true {
            let left = (deadline - ContinuousClock.now).components
            let milliseconds = left.seconds * 1000 + left.attoseconds / 1_000_000_000_000_000
            guard left.seconds >= 0, milliseconds > 0 else {
                throw PKIError(.timeout, "\(peer) did not answer in time")
            }
            var watched = [
                pollfd(fd: number, events: Int16(forWriting ? POLLOUT : POLLIN), revents: 0),
                pollfd(fd: wake.number, events: Int16(POLLIN), revents: 0),
            ]
            let count = poll(&watched, 2, Int32(clamping: milliseconds))
            guard count >= 0 || errno == EINTR else { throw .system("wait for", peer) }
            if watched[1].revents != 0 { throw PKIError(.cancelled, "the probe of \(peer) was cancelled") }
            if count > 0, watched[0].revents != 0 { return }
        }
    }
}
