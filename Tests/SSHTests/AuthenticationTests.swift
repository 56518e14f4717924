import Foundation
import SSH
import Testing

@Suite(.timeLimit(.minutes(4)))
struct AuthenticationTests {
    @Test(arguments: ["user_ed25519", "user_ecdsa"])
    func aKeyFileOpensTheSession(identity: String) async throws {
        try await TestServer.with { server in
            let destination = server.destination(identity: identity)
            let text = try await SSHSession.withSession(to: destination, knownHosts: server.trusting()) {
                try await $0.run("echo in").text
            }
            #expect(text == "in\n")
        }
    }

    @Test func anEncryptedKeyAsksForItsPassphrase() async throws {
        try await TestServer.with { server in
            let destination = server.destination(identity: "user_encrypted")
            let path = server.keys.path("user_encrypted")
            let right = SSHCredentials(passphrase: { $0 == path ? TestKeys.passphrase : nil })
            let text = try await SSHSession.withSession(
                to: destination, knownHosts: server.trusting(), credentials: right
            ) { try await $0.run("echo in").text }
            #expect(text == "in\n")

            let wrong = SSHCredentials(passphrase: { _ in "wrong" })
            let refused = try await failure {
                try await SSHSession.connect(to: destination, knownHosts: server.trusting(), credentials: wrong)
            }
            #expect(refused.code == .authenticationFailed)
            #expect(refused.message.contains("\(path) (wrong passphrase: "))

            let none = try await failure {
                try await SSHSession.connect(to: destination, knownHosts: server.trusting())
            }
            #expect(none.message.contains("\(path) (encrypted, and no passphrase was given)"))
        }
    }

    @Test func aRefusedKeyIsNamed() async throws {
        try await TestServer.with { server in
            let error = try await failure {
                try await SSHSession.connect(
                    to: server.destination(identity: "user_stranger"), knownHosts: server.trusting())
            }
            #expect(error.code == .authenticationFailed)
            let path = server.keys.path("user_stranger")
            #expect(
                error.message
                    == "authentication as '\(TestServer.user)' failed: tried \(path) (refused); the server takes publickey"
            )
        }
    }

    @Test func anRSAKeySaysWhatIsWrong() async throws {
        try await TestServer.with { server in
            let error = try await failure {
                try await SSHSession.connect(
                    to: server.destination(identity: "user_rsa"), knownHosts: server.trusting())
            }
            #expect(error.code == .authenticationFailed)
            #expect(error.message.contains("signs with RSA by SHA-1 only"))
        }
    }

    @Test func theNextKeyIsTried() async throws {
        try await TestServer.with { server in
            var destination = server.destination()
            destination.identities = ["/nonexistent", "user_stranger", "user_rsa", "user_ecdsa"].map {
                $0.hasPrefix("/") ? $0 : server.keys.path($0)
            }
            let session = try await SSHSession.connect(to: destination, knownHosts: server.trusting())
            #expect(try await session.run("echo in").text == "in\n")
            await session.close()
        }
    }

    @Test func aKeyThatOthersCanReadIsRefused() async throws {
        try await TestServer.with { server in
            let path = "\(server.directory)/exposed"
            try FileManager.default.copyItem(atPath: server.keys.path("user_ed25519"), toPath: path)
            try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: path)
            var destination = server.destination()
            destination.identities = [path]
            let error = try await failure {
                try await SSHSession.connect(to: destination, knownHosts: server.trusting())
            }
            #expect(error.message.contains("others can reach it (mode 644)"))
        }
    }

    @Test func triesAreLimited() async throws {
        try await TestServer.with { server in
            var destination = server.destination()
            destination.identities = Array(repeating: server.keys.path("user_stranger"), count: 20)
            let error = try await failure {
                try await SSHSession.connect(to: destination, knownHosts: server.trusting())
            }
            #expect(error.code == .authenticationFailed)
            #expect(error.message.components(separatedBy: "(refused)").count == 6)
        }
    }

    @Test func anAgentSigns() async throws {
        try await TestServer.with { server in
            let socket = "\(server.directory)/agent"
            let agent = try spawn(["/usr/bin/ssh-agent", "-D", "-a", socket], log: "\(server.directory)/agent.log")
            defer {
                kill(agent, SIGTERM)
                waitpid(agent, nil, 0)
            }
            while !FileManager.default.fileExists(atPath: socket) { try await Task.sleep(for: .milliseconds(20)) }
            var destination = server.destination(identity: nil)
            destination.useAgent = true
            destination.agentSocket = socket
            let empty = try await failure {
                try await SSHSession.connect(to: destination, knownHosts: server.trusting())
            }
            #expect(empty.message.contains("no key was there to try"))
            for key in ["user_rsa", "user_stranger", "user_ed25519"] {
                let added = try await tool(
                    "ssh-add", ["-q", server.keys.path(key)], environment: ["SSH_AUTH_SOCK": socket])
                #expect(added.status == 0)
            }
            let session = try await SSHSession.connect(to: destination, knownHosts: server.trusting())
            #expect(try await session.run("echo in").text == "in\n")
            await session.close()
        }
    }

    @Test func aMissingAgentIsNamed() async throws {
        try await TestServer.with { server in
            var destination = server.destination(identity: nil)
            destination.useAgent = true
            destination.agentSocket = "\(server.directory)/no-agent"
            let error = try await failure {
                try await SSHSession.connect(to: destination, knownHosts: server.trusting())
            }
            #expect(error.code == .authenticationFailed)
            #expect(error.message.contains("no agent at"))
        }
    }

    /// Through one server to another, where the inner session has its own keys and its own checks.
    @Test func aSessionGoesThroughAnother() async throws {
        try await TestServer.with { outer in
            try await TestServer.with { inner in
                let jump = try await outer.connect()
                let session = try await SSHSession.connect(
                    to: inner.destination(), knownHosts: inner.trusting(), via: jump)
                let input = (0..<(3 << 20)).map { UInt8(truncatingIfNeeded: $0 / 11) }
                #expect(try await session.run("cat", input: input).output == input)
                // libssh2 takes the answer to one channel's request for a failure of another's that waits.
                for _ in 0..<12 {
                    async let one = session.run("echo one").text
                    async let two = session.run("echo two").text
                    #expect(try await [one, two] == ["one\n", "two\n"])
                }
                let reading = Task { try await session.run("sleep 600") }
                _ = try await session.run("true")
                outer.cutConnections()
                #expect(try await failure { try await reading.value }.code == .connectionLost)
                await session.close()
                await jump.close()
            }
        }
    }

    @Test func aJumpToNobodySaysSo() async throws {
        try await TestServer.with { outer in
            let (bound, _) = loopbackSocket(0) { bind($0, $1, $2) }
            defer { close(bound) }
            let jump = try await outer.connect()
            let destination = SSHDestination(host: "127.0.0.1", port: portOf(bound), user: "nobody", useAgent: false)
            let error = try await failure {
                try await SSHSession.connect(to: destination, knownHosts: KnownHosts(files: []), via: jump)
            }
            #expect(error.code == .unreachable)
            #expect(try await jump.run("echo on").text == "on\n")
            await jump.close()
        }
    }
}
