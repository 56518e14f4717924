import Glibc

/// A TCP port of this machine alone (127.0.0.1) whose connections are handed out as they come.
///
/// `@unchecked Sendable`: after `start`, everything is touched on `loop`'s thread only.
final class LocalListener: ReadinessHandler, @unchecked Sendable {
    let port: Int
    /// Descriptors of connections; whoever takes one closes it.
    let connections: AsyncStream<Int32>
    private let arrived: AsyncStream<Int32>.Continuation
    private let loop: EventLoop
    private var descriptor: Int32

    /// - Parameter wanted: the port; 0 for any that is free.
    init(port wanted: Int, loop: EventLoop) throws(SSHError) {
        guard (0...65535).contains(wanted) else { throw SSHError(.invalidRequest, "\(wanted) is no port") }
        descriptor = socket(
            AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw .system(.resourcesExhausted, "no socket", errno) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(wanted).bigEndian)
        address.sin_addr.s_addr = in_addr_t(UInt32(0x7F00_0001).bigEndian)
        let size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let own = descriptor
        let isBound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(own, $0, size) } == 0
        }
        guard isBound, listen(descriptor, 16) == 0 else {
            let problem = errno
            Glibc.close(descriptor)
            throw .system(.invalidRequest, "cannot listen on 127.0.0.1 port \(wanted)", problem)
        }
        var length = size
        withUnsafeMutablePointer(to: &address) { pointer in
            _ = pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(own, $0, &length) }
        }
        port = Int(UInt16(bigEndian: address.sin_port))
        self.loop = loop
        (connections, arrived) = AsyncStream.makeStream(of: Int32.self, bufferingPolicy: .unbounded)
    }

    /// Has the loop watch the port; may be called on any thread.
    func start() {
        loop.submit {
            guard self.descriptor >= 0 else { return }
            if self.loop.watch(self.descriptor, self) != 0 { self.end() }
            self.ready()
        }
    }

    /// Stops listening; connections that were handed out go on. May be called on any thread.
    func close() { loop.submit { self.end() } }

    func ready() {
        while descriptor >= 0 {
            let accepted = accept(descriptor, nil, nil)
            guard accepted >= 0 else {
                if errno == EINTR || errno == ECONNABORTED { continue }
                return
            }
            _ = fcntl(accepted, F_SETFD, FD_CLOEXEC)
            _ = fcntl(accepted, F_SETFL, O_NONBLOCK)
            if case .terminated = arrived.yield(accepted) { Glibc.close(accepted) }
        }
    }

    private func end() {
        guard descriptor >= 0 else { return }
        loop.unwatch(descriptor)
        Glibc.close(descriptor)
        descriptor = -1
        arrived.finish()
    }
}
