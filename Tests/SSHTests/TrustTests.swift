import Foundation
import PKI
import SSH
import TestSupport
import Testing

/// Host keys: every case of known_hosts is put to OpenSSH's client as well, and the two have to agree.
@Suite(.timeLimit(.minutes(8)))
struct TrustTests {
    struct Case: Decodable, Sendable {
        let name: String
        let host: String?
        let alias: String?
        let files: [[String]]
        let hashed: Bool?
        /// What ssh says: accept or refuse.
        let ssh: String
        /// What KnownHosts says, with the line.
        let verdict: String
        /// Why the two may differ.
        let differs: String?
    }

    @Test func knownHostsAgreesWithOpenSSH() async throws {
        let data = try Data(
            contentsOf: URL(fileURLWithPath: "\(Checkout.root)/Tests/SSHTests/Fixtures/known-hosts.json"))
        let cases = try JSONDecoder().decode([Case].self, from: data)
        #expect(cases.count > 50)
        try await TestServer.with { server in
            for item in cases {
                try await judge(item, server)
            }
        }
    }

    private func judge(_ item: Case, _ server: TestServer) async throws {
        let paths = try await write(item, server)
        let host = item.host ?? "127.0.0.1"

        let alias = item.alias.map { ["-o", "HostKeyAlias=\($0)"] } ?? []
        let openSSH = try await tool(
            "ssh",
            [
                "-F", "/dev/null", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes", "-o", "UpdateHostKeys=no",
                "-o", "UserKnownHostsFile=\(paths.isEmpty ? "/nonexistent" : paths.joined(separator: " "))",
                "-o", "GlobalKnownHostsFile=/dev/null", "-o", "IdentityAgent=none", "-o", "IdentitiesOnly=yes",
                "-i", server.keys.path("user_ed25519"), "-p", "\(server.port)",
            ] + alias + ["\(TestServer.user)@\(host)", "true"])
        #expect((openSSH.status == 0 ? "accept" : "refuse") == item.ssh, "\(item.name): ssh says \(openSSH.error)")

        var destination = server.destination(host: host)
        destination.hostKeyAlias = item.alias
        let ours = await verdict(destination, try KnownHosts(files: paths))
        #expect(ours == item.verdict, "\(item.name)")
        if item.differs == nil {
            #expect(ours.hasPrefix("match") == (item.ssh == "accept"), "\(item.name): OpenSSH disagrees")
        }
    }

    private func verdict(_ destination: SSHDestination, _ knownHosts: KnownHosts) async -> String {
        do {
            let session = try await SSHSession.connect(to: destination, knownHosts: knownHosts)
            await session.close()
            let verdict = knownHosts.verify(
                host: destination.host, port: destination.port, alias: destination.hostKeyAlias, key: session.hostKey)
            guard case .match(_, let line) = verdict else { return "accepted as \(verdict)" }
            return "match:\(line)"
        } catch {
            let line = error.line.map { ":\($0)" } ?? ""
            switch error.code {
            case .hostKeyUnknown: return "unknown\(line)"
            case .hostKeyChanged: return "changed\(line)"
            case .hostKeyRevoked: return "revoked\(line)"
            case .unsupportedKnownHosts: return "authority\(line)"
            default: return "\(error)"
            }
        }
    }

    /// Writes the case's files, with keys and port filled in, and names hashed if it says so.
    private func write(_ item: Case, _ server: TestServer) async throws -> [String] {
        let types = ["ed25519", "ecdsa", "rsa"]
        var paths: [String] = []
        for (number, lines) in item.files.enumerated() {
            var text = lines.map { $0 + "\n" }.joined().replacingOccurrences(of: "{port}", with: "\(server.port)")
            for type in types {
                text = text.replacingOccurrences(of: "{\(type)}", with: try server.keys.text("host_\(type)"))
                text = text.replacingOccurrences(of: "{other-\(type)}", with: try server.keys.text("other_\(type)"))
                let blob = try server.keys.text("host_\(type)").split(separator: " ")[1]
                text = text.replacingOccurrences(of: "{\(type)-blob}", with: blob)
            }
            let path = "\(server.directory)/\(UUID().uuidString)-\(number)"
            try text.write(toFile: path, atomically: true, encoding: .utf8)
            if item.hashed == true {
                let hashing = try await tool("ssh-keygen", ["-H", "-f", path])
                #expect(hashing.status == 0, "\(item.name): \(hashing.error)")
            }
            paths.append(path)
        }
        return paths
    }

    @Test func fingerprintsAreOpenSSHs() async throws {
        let keys = try await TestKeys.shared.value
        for name in ["host_ed25519", "host_ecdsa", "host_rsa", "user_ecdsa"] {
            let listed = try await tool("ssh-keygen", ["-lf", keys.path(name) + ".pub"])
            let blob = try #require(
                Data(base64Encoded: String(try keys.text(name).split(separator: " ")[1])))
            let key = try #require(HostKey(blob: Array(blob)))
            #expect(listed.output.split(separator: " ")[1] == key.fingerprint(sha256: ContentDigest.rawSHA256))
            #expect(key.text == (try keys.text(name)))
        }
    }

    @Test func aChangedKeyComesWithBothKeys() async throws {
        try await TestServer.with { server in
            let knownHosts = try server.knownHosts([
                "# first", "[127.0.0.1]:\(server.port) \(server.keys.text("other_ed25519"))",
            ])
            let error = try await failure {
                try await SSHSession.connect(to: server.destination(), knownHosts: knownHosts)
            }
            #expect(error.code == .hostKeyChanged)
            #expect(error.file == knownHosts.files[0])
            #expect(error.line == 2)
            #expect(error.knownKey?.text == (try server.keys.text("other_ed25519")))
            #expect(error.presentedKey?.text == (try server.keys.text("host_ed25519")))
            #expect(error.message.contains("\(knownHosts.files[0]):2"))
        }
    }

    @Test func anUnknownKeySaysHowToTrustIt() async throws {
        try await TestServer.with { server in
            let error = try await failure {
                try await SSHSession.connect(to: server.destination(), knownHosts: KnownHosts(files: []))
            }
            #expect(error.code == .hostKeyUnknown)
            #expect(error.hint == "compare the fingerprint, then run 'drover host trust 127.0.0.1'")
        }
    }

    @Test func hostKeysAreAllThatTheServerShows() async throws {
        try await TestServer.with { server in
            let keys = try await SSHSession.hostKeys(of: "127.0.0.1", port: server.port)
            let wanted = try Set(["host_ed25519", "host_ecdsa"].map(server.keys.text))
            #expect(Set(keys.map(\.text)) == wanted)
            let lines = keys.map { KnownHosts.line(host: "127.0.0.1", port: server.port, key: $0) }
            let session = try await SSHSession.connect(to: server.destination(), knownHosts: server.knownHosts(lines))
            await session.close()
            let scanned = try await tool(
                "ssh-keyscan", ["-t", "ed25519,ecdsa", "-p", "\(server.port)", "127.0.0.1"])
            #expect(Set(scanned.output.split(separator: "\n").map(String.init)) == Set(lines))
        }
    }

    /// A server that still signs with ssh-rsa shows its RSA key.
    @Test func oldRSAServersAreChecked() async throws {
        try await TestServer.with(configuration: ["HostKeyAlgorithms +ssh-rsa"]) { server in
            let keys = try await SSHSession.hostKeys(of: "127.0.0.1", port: server.port)
            #expect(Set(keys.map(\.type)) == ["ssh-ed25519", "ecdsa-sha2-nistp256", "ssh-rsa"])
            let session = try await SSHSession.connect(
                to: server.destination(), knownHosts: server.trusting(key: "host_rsa"))
            #expect(session.hostKey.type == "ssh-rsa")
            await session.close()
        }
    }

    @Test func aServerWithAnRSAKeyOnlyIsExplained() async throws {
        try await TestServer.with(hostKeys: ["host_rsa"]) { server in
            let error = try await failure {
                try await SSHSession.connect(to: server.destination(), knownHosts: server.trusting(key: "host_rsa"))
            }
            #expect(error.code == .noCommonAlgorithm)
            #expect(error.message.contains("the server offers rsa-sha2-512, rsa-sha2-256"))
            #expect(error.hint?.contains("ssh-keygen -A") == true)
        }
    }

    @Test func aServerWithoutACommonCipherIsExplained() async throws {
        try await TestServer.with(configuration: ["Ciphers chacha20-poly1305@openssh.com"]) { server in
            let error = try await failure {
                try await SSHSession.connect(to: server.destination(), knownHosts: server.trusting())
            }
            #expect(error.code == .noCommonAlgorithm)
            #expect(error.message == "no common cipher: the server offers chacha20-poly1305@openssh.com")
        }
    }

    @Test func aKnownHostsFileThatCannotBeReadIsAnError() async throws {
        let error = try await failure { try KnownHosts(files: ["/proc/self"]) }
        #expect(error.code == .unsupportedKnownHosts)
        #expect(error.file == "/proc/self")
    }
}
