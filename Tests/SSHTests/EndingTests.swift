import Foundation
import SSH
import Testing

/// How waits end: by cancellation, deadlines, lost connections, closed sessions.
@Suite(.timeLimit(.minutes(4)))
struct EndingTests {
    @Test func cancellationEndsAReadAndLeavesTheSessionWhole() async throws {
        try await TestServer.with { server in
            let session = try await server.connect()
            let channel = try await session.exec("sleep 600")
            let reading = Task { try await channel.read() }
            _ = try await session.run("true")
            let start = ContinuousClock.now
            reading.cancel()
            let error = try await failure { try await reading.value }
            #expect(error.code == .cancelled)
            #expect(start.duration(to: .now) < .seconds(10))
            await channel.close()
            #expect(try await session.run("echo still").text == "still\n")
            await session.close()
        }
    }

    @Test func cancellationEndsAnOpening() async throws {
        try await TestServer.with { server in
            let session = try await server.connect()
            for _ in 0..<20 {
                let opening = Task { try await session.exec("sleep 600") }
                opening.cancel()
                _ = await opening.result
            }
            #expect(try await session.run("echo still").text == "still\n")
            await session.close()
        }
    }

    @Test func aReadTimesOut() async throws {
        try await TestServer.with { server in
            let session = try await server.connect()
            let channel = try await session.exec("sleep 600")
            let error = try await failure { try await channel.read(timeout: 0.2) }
            #expect(error.code == .timeout)
            #expect(error.message == "timed out after 0.2 s while reading output")
            await session.close()
        }
    }

    @Test func aLostConnectionEndsEveryWait() async throws {
        try await TestServer.with { server in
            let session = try await server.connect()
            let channel = try await session.exec("echo first; sleep 600")
            #expect(try await channel.read() == .output(Array("first\n".utf8)))
            let reading = Task { try await channel.read() }
            let other = Task { try await session.run("sleep 600") }
            while server.children.isEmpty { try await Task.sleep(for: .milliseconds(20)) }
            server.cutConnections()
            #expect(try await failure { try await reading.value }.code == .connectionLost)
            #expect(try await failure { try await other.value }.code == .connectionLost)
            let after = try await failure { try await session.exec("true") }
            #expect(after.code == .connectionLost)
            #expect(after.host == "127.0.0.1")
            await session.close()
        }
    }

    @Test func closingEndsWaits() async throws {
        try await TestServer.with { server in
            let session = try await server.connect()
            let channel = try await session.exec("sleep 600")
            let reading = Task { try await channel.read() }
            _ = try await session.run("true")
            await session.close()
            #expect(try await failure { try await reading.value }.code == .closed)
            #expect(try await failure { try await session.exec("true") }.code == .closed)
        }
    }

    @Test func aSilentServerTimesOut() async throws {
        let (listener, result) = loopbackSocket(0) { bind($0, $1, $2) == 0 ? listen($0, 16) : -1 }
        defer { close(listener) }
        #expect(result == 0)
        let destination = SSHDestination(
            host: "127.0.0.1", port: portOf(listener), user: "nobody", useAgent: false, connectTimeout: 0.5)
        let error = try await failure {
            try await SSHSession.connect(to: destination, knownHosts: KnownHosts(files: []))
        }
        #expect(error.code == .timeout)
        #expect(error.message == "timed out after 0.5 s while exchanging keys")
    }

    @Test func nobodyListening() async throws {
        let (bound, _) = loopbackSocket(0) { bind($0, $1, $2) }
        defer { close(bound) }
        let destination = SSHDestination(host: "127.0.0.1", port: portOf(bound), user: "nobody", useAgent: false)
        let error = try await failure {
            try await SSHSession.connect(to: destination, knownHosts: KnownHosts(files: []))
        }
        #expect(error.code == .unreachable)
        #expect(error.systemError == ECONNREFUSED)
        #expect(error.description == "127.0.0.1: cannot connect to 127.0.0.1: Connection refused")
    }

    @Test func aServerThatIsNotSSH() async throws {
        let (listener, _) = loopbackSocket(0) { bind($0, $1, $2) == 0 ? listen($0, 16) : -1 }
        let port = portOf(listener)
        let thread = Thread {
            let client = accept(listener, nil, nil)
            let text = Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8)
            _ = send(client, text, text.count, 0)
            close(client)
            close(listener)
        }
        thread.start()
        let destination = SSHDestination(host: "127.0.0.1", port: port, user: "nobody", useAgent: false)
        let error = try await failure {
            try await SSHSession.connect(to: destination, knownHosts: KnownHosts(files: []))
        }
        #expect(error.code == .connectionLost || error.code == .protocolError, "\(error)")
    }

    @Test func thirtyTwoSessionsAtOnce() async throws {
        try await TestServer.with { server in
            let knownHosts = try server.trusting()
            let texts = try await withThrowingTaskGroup(of: String.self) { group in
                for number in 0..<32 {
                    group.addTask {
                        try await SSHSession.withSession(to: server.destination(timeout: 120), knownHosts: knownHosts) {
                            try await $0.run("echo \(number)").text
                        }
                    }
                }
                return try await group.reduce(into: Set<String>()) { $0.insert($1) }
            }
            #expect(texts == Set((0..<32).map { "\($0)\n" }))
        }
    }
}
