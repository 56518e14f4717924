import Foundation
import SSH
import Testing

/// Commands over real connections to a real sshd.
@Suite(.timeLimit(.minutes(4)))
struct CommandTests {
    @Test func outputErrorAndStatusArriveApart() async throws {
        try await TestServer.with { server in
            let session = try await server.connect()
            let result = try await session.run("printf 'out\\0put'; printf error >&2; exit 7")
            #expect(result.output == Array("out\0put".utf8))
            #expect(result.errorText == "error")
            #expect(result.status == .exited(7))
            #expect(session.hostKey.type == "ssh-ed25519")
            #expect(session.peerAddress == "127.0.0.1")
            await session.close()
        }
    }

    @Test func aSignalIsNamed() async throws {
        try await TestServer.with { server in
            let session = try await server.connect()
            #expect(try await session.run("kill -TERM $$").status == .signalled("TERM"))
            #expect(try await session.run("true").status == .exited(0))
            await session.close()
        }
    }

    @Test func inputArrivesByteForByte() async throws {
        try await TestServer.with { server in
            var generator = SystemRandomNumberGenerator()
            var input: [UInt8] = []
            while input.count < 5 << 20 { withUnsafeBytes(of: generator.next()) { input.append(contentsOf: $0) } }
            let path = "\(server.directory)/input"
            try Data(input).write(to: URL(fileURLWithPath: path))
            let wanted = try await tool("sha256sum", [path]).output.prefix(64)
            let session = try await server.connect()
            let result = try await session.run("sha256sum", input: input)
            #expect(result.text.prefix(64) == wanted)
            let echoed = try await session.run("cat", input: input)
            #expect(echoed.output == input)
            await session.close()
        }
    }

    @Test func aHundredMegabytesGoIn() async throws {
        try await TestServer.with { server in
            let session = try await server.connect()
            let channel = try await session.exec("wc -c")
            let chunk = [UInt8](repeating: 7, count: 1 << 20)
            for _ in 0..<100 { try await channel.write(chunk, timeout: 60) }
            try await channel.sendEOF()
            #expect(try await channel.read(timeout: 60) == .output(Array("\(100 << 20)\n".utf8)))
            #expect(try await channel.exitStatus() == .exited(0))
            await session.close()
        }
    }

    /// Nothing here keeps what the command does not take: the write waits.
    @Test func inputThatNobodyReadsIsNotKept() async throws {
        try await TestServer.with { server in
            let session = try await server.connect()
            let channel = try await session.exec("sleep 600")
            let error = try await failure {
                try await channel.write([UInt8](repeating: 7, count: 64 << 20), timeout: 1)
            }
            #expect(error.code == .timeout)
            #expect(try await session.run("echo on").text == "on\n")
            await session.close()
        }
    }

    /// The command cannot end while its output is not read, and another channel works on meanwhile.
    @Test func unreadOutputIsHeldBackByTheServer() async throws {
        try await TestServer.with { server in
            let session = try await server.connect()
            let mark = "\(server.directory)/ended"
            let flood = try await session.exec("head -c 100000000 /dev/zero; : > \(mark); echo done >&2")
            let first = try #require(try await flood.read()).bytes
            for _ in 0..<10 { #expect(try await session.run("echo on").text == "on\n") }
            #expect(!FileManager.default.fileExists(atPath: mark))
            var count = first.count
            var error: [UInt8] = []
            while let event = try await flood.read(timeout: 60) {
                switch event {
                case .output(let bytes): count += bytes.count
                case .error(let bytes): error += bytes
                }
            }
            #expect(count == 100_000_000)
            #expect(error == Array("done\n".utf8))
            #expect(FileManager.default.fileExists(atPath: mark))
            await session.close()
        }
    }

    @Test func twoChannelsEchoAtTheSameTime() async throws {
        try await TestServer.with { server in
            let session = try await server.connect()
            let results = try await withThrowingTaskGroup(of: Bool.self) { group in
                for value in UInt8(1)...4 {
                    group.addTask {
                        let input = [UInt8](repeating: value, count: 4 << 20)
                        return try await session.run("cat", input: input).output == input
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(results == [true, true, true, true])
            await session.close()
        }
    }

    /// The server renews its keys every half megabyte, in the middle of both directions.
    @Test func keysAreRenewedUnderLoad() async throws {
        try await TestServer.with(configuration: ["RekeyLimit 512K"]) { server in
            let session = try await server.connect()
            let input = (0..<(4 << 20)).map { UInt8(truncatingIfNeeded: $0 / 7) }
            async let first = session.run("cat", input: input, timeout: 60)
            async let second = session.run("cat", input: input, timeout: 60)
            #expect(try await first.output == input)
            #expect(try await second.output == input)
            await session.close()
        }
    }

    @Test func aCommandNeedNotReadItsInput() async throws {
        try await TestServer.with { server in
            let session = try await server.connect()
            let result = try await session.run("echo early", input: [UInt8](repeating: 0, count: 8 << 20), timeout: 60)
            #expect(result.text == "early\n")
            await session.close()
        }
    }

    @Test func aCommandThatIsTooLongIsRefusedHere() async throws {
        try await TestServer.with { server in
            let session = try await server.connect()
            let long = try await failure { try await session.exec(String(repeating: "x", count: 40_000)) }
            #expect(long.code == .invalidRequest)
            #expect(try await session.run("echo ok").text == "ok\n")
            await session.close()
        }
    }
}
