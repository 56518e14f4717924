import Glibc

/// A link over a non-blocking socket.
///
/// `@unchecked Sendable`: everything is touched on `loop`'s thread only.
final class SocketLink: Link, ReadinessHandler, @unchecked Sendable {
    /// More than a packet and many control messages: a peer that makes us keep this much is not reading.
    private static let mostKept = 1 << 20

    let loop: EventLoop
    private(set) var descriptor: Int32
    private(set) var received: UInt64 = 0
    private(set) var loss: LinkLoss?
    var onReady: (() -> Void)?
    private var kept: [UInt8] = []
    private var keptFrom = 0

    /// Takes over the descriptor and has the loop watch it.
    init(_ descriptor: Int32, loop: EventLoop) throws(SSHError) {
        self.descriptor = descriptor
        self.loop = loop
        let problem = loop.watch(descriptor, self)
        guard problem == 0 else {
            Glibc.close(descriptor)
            throw .system(.resourcesExhausted, "cannot watch a socket", problem)
        }
    }

    deinit {
        // Reached with an open descriptor only if nobody closed the link; the loop then holds no reference either.
        if descriptor >= 0 { Glibc.close(descriptor) }
    }

    var isIdle: Bool { kept.isEmpty }

    func ready() { onReady?() }

    func receive(into buffer: UnsafeMutableRawPointer, count: Int) -> Int {
        guard loss == nil else { return Int(-EAGAIN) }
        let result = recv(descriptor, buffer, count, Int32(MSG_NOSIGNAL))
        if result > 0 {
            received &+= UInt64(result)
            return result
        }
        if result == 0 {
            loss = .ended
        } else if errno != EAGAIN, errno != EINTR {
            loss = .failed(errno)
        }
        return Int(-EAGAIN)
    }

    func send(_ bytes: UnsafeRawBufferPointer) {
        guard loss == nil else { return }
        var rest = bytes
        if kept.isEmpty {
            rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(sendNow(rest)))
        }
        kept.append(contentsOf: rest)
        if kept.count - keptFrom > Self.mostKept { loss = .congested }
    }

    func flush() {
        guard !kept.isEmpty, loss == nil else { return }
        keptFrom += kept.withUnsafeBytes { sendNow(UnsafeRawBufferPointer(rebasing: $0.dropFirst(keptFrom))) }
        if keptFrom == kept.count {
            kept.removeAll(keepingCapacity: kept.capacity <= 64 << 10)
            keptFrom = 0
        }
    }

    func close() {
        guard descriptor >= 0 else { return }
        loss = loss ?? .closed
        loop.unwatch(descriptor)
        Glibc.close(descriptor)
        descriptor = -1
        onReady = nil
    }

    /// - Returns: how many bytes the socket took.
    private func sendNow(_ bytes: UnsafeRawBufferPointer) -> Int {
        var sent = 0
        while sent < bytes.count, let base = bytes.baseAddress {
            let result = Glibc.send(
                descriptor, base + sent, bytes.count - sent, Int32(MSG_NOSIGNAL))
            if result >= 0 {
                sent += result
            } else if errno == EAGAIN {
                break
            } else if errno != EINTR {
                loss = .failed(errno)
                break
            }
        }
        return sent
    }
}
