import Glibc

/// One connection that came in at a local port.
actor LocalSocket {
    nonisolated let loop: EventLoop
    nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }
    private var link: SocketLink?
    private var operations: Operations?
    private static let most = 32_768

    init(loop: EventLoop) { self.loop = loop }

    /// Takes over the descriptor.
    func adopt(_ descriptor: Int32) throws(SSHError) {
        SocketOptions.prepare(descriptor)
        let link = try SocketLink(descriptor, loop: loop)
        self.link = link
        operations = Operations(link: link, loop: loop, host: "127.0.0.1")
    }

    /// The next bytes; nil at the end.
    func read() async throws(SSHError) -> [UInt8]? {
        guard let link, let operations else { return nil }
        return try await operations.run("reading from a local connection") {
            let bytes = [UInt8](unsafeUninitializedCapacity: Self.most) { buffer, count in
                let room = UnsafeMutableRawBufferPointer(buffer)
                count = room.baseAddress.map { max(0, link.receive(into: $0, count: room.count)) } ?? 0
            }
            if !bytes.isEmpty { return .done(bytes) }
            return link.loss == nil ? .again : .done(nil)
        }
    }

    /// Waits until the bytes before these are gone.
    func write(_ bytes: [UInt8]) async throws(SSHError) {
        try await whenIdle { link in bytes.withUnsafeBytes { link.send($0) } }
    }

    /// Waits until everything is gone.
    func drain() async throws(SSHError) { try await whenIdle { _ in } }

    func close() {
        operations?.lose(.closed)
        link?.close()
        operations = nil
        link = nil
    }

    private func whenIdle(_ body: @escaping (SocketLink) -> Void) async throws(SSHError) {
        guard let link, let operations else { throw SSHError(.closed, "the local connection is closed") }
        try await operations.run("writing to a local connection") { () -> Attempt<Void> in
            if link.loss != nil { return .failed(SSHError(.closed, "the local connection is closed")) }
            guard link.isIdle else { return .again }
            body(link)
            return .done(())
        }
    }
}
