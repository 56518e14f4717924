import Foundation
import Glibc
import SSH
import Synchronization
import Testing

/// Local ports that lead through a real sshd.
@Suite(.timeLimit(.minutes(4)))
struct ForwardTests {
    /// The sshd itself is behind the tunnel: whoever gets through reads its banner.
    @Test func manyConnectionsReachAPortBehindTheServer() async throws {
        try await TestServer.with { server in
            let session = try await server.connect()
            let forward = try LocalForward(over: session, to: "127.0.0.1", port: server.port)
            let serving = Task { await forward.serve() }
            let banners = await withTaskGroup(of: String.self) { group in
                for _ in 0..<12 { group.addTask { await Self.reply(from: forward.port) } }
                return await group.reduce(into: []) { $0.append($1) }
            }
            #expect(banners.count == 12)
            #expect(banners.allSatisfy { $0.hasPrefix("SSH-2.0-OpenSSH") }, "\(banners)")
            serving.cancel()
            await serving.value
            #expect(await Self.reply(from: forward.port) == "")
            await session.close()
        }
    }

    @Test func bytesArriveBothWays() async throws {
        try await TestServer.with { server in
            let session = try await server.connect()
            let echo = try EchoServer()
            let forward = try LocalForward(over: session, to: "127.0.0.1", port: echo.port)
            let serving = Task { await forward.serve() }
            var generator = SystemRandomNumberGenerator()
            let sent = (0..<(3 << 20)).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
            let back = await Self.offThread { Self.exchange(sent, with: forward.port) }
            #expect(back == sent)
            serving.cancel()
            await serving.value
            await session.close()
        }
    }

    @Test func whatCannotBeReachedIsSaid() async throws {
        try await TestServer.with { server in
            let session = try await server.connect()
            let closed = try EchoServer.unusedPort()
            let forward = try LocalForward(over: session, to: "127.0.0.1", port: closed)
            let problems = Mutex<[SSHError]>([])
            let serving = Task { await forward.serve { error in problems.withLock { $0.append(error) } } }
            #expect(await Self.reply(from: forward.port) == "")
            serving.cancel()
            await serving.value
            #expect(problems.withLock { $0.map(\.code) } == [.unreachable])
            await session.close()
        }
    }

    @Test func aTakenPortIsRefused() async throws {
        try await TestServer.with { server in
            let session = try await server.connect()
            let taken = server.port
            let error = #expect(throws: SSHError.self) {
                try LocalForward(over: session, to: "127.0.0.1", port: taken, local: taken)
            }
            #expect(error?.message.contains("cannot listen on 127.0.0.1 port \(taken)") == true)
            await session.close()
        }
    }

    // MARK: - Plain sockets

    private static func offThread<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread { continuation.resume(returning: body()) }
        }
    }

    /// The first bytes that a local port sends, or nothing.
    private static func reply(from port: Int) async -> String {
        await offThread {
            guard let descriptor = dial(port) else { return "" }
            defer { close(descriptor) }
            var buffer = [UInt8](repeating: 0, count: 256)
            let count = max(0, recv(descriptor, &buffer, buffer.count, 0))
            return String(decoding: buffer[..<count], as: UTF8.self)
        }
    }

    private static func exchange(_ bytes: [UInt8], with port: Int) -> [UInt8] {
        guard let descriptor = dial(port) else { return [] }
        defer { close(descriptor) }
        Thread.detachNewThread {
            var sent = 0
            while sent < bytes.count {
                let count = bytes.withUnsafeBytes { rest in
                    send(
                        descriptor, rest.baseAddress.map { $0 + sent }, rest.count - sent, Int32(MSG_NOSIGNAL))
                }
                if count <= 0 { return }
                sent += count
            }
        }
        var back: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while back.count < bytes.count {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            if count <= 0 { break }
            back += buffer[..<count]
        }
        return back
    }

    private static func dial(_ port: Int) -> Int32? {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        let status = EchoServer.withAddress(port) { connect(descriptor, $0, $1) }
        guard status == 0 else {
            close(descriptor)
            return nil
        }
        return descriptor
    }
}

/// Sends back what it gets, for as long as its process lives.
private struct EchoServer {
    let port: Int

    init() throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        try #require(Self.withAddress(0) { bind(listener, $0, $1) } == 0)
        try #require(listen(listener, 8) == 0)
        port = Self.port(of: listener)
        Thread.detachNewThread {
            while case let descriptor = accept(listener, nil, nil), descriptor >= 0 {
                Thread.detachNewThread { Self.serve(descriptor) }
            }
        }
    }

    private static func serve(_ descriptor: Int32) {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while case let count = recv(descriptor, &buffer, buffer.count, 0), count > 0 {
            var sent = 0
            while sent < count {
                let written = buffer.withUnsafeBytes {
                    send(descriptor, $0.baseAddress.map { $0 + sent }, count - sent, Int32(MSG_NOSIGNAL))
                }
                if written <= 0 { break }
                sent += written
            }
        }
        close(descriptor)
    }

    /// A port that was free a moment ago.
    static func unusedPort() throws -> Int {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        try #require(withAddress(0) { bind(descriptor, $0, $1) } == 0)
        return port(of: descriptor)
    }

    static func withAddress(_ port: Int, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }

    private static func port(of descriptor: Int32) -> Int {
        var address = sockaddr_in()
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        _ = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &size) }
        }
        return Int(UInt16(bigEndian: address.sin_port))
    }
}
