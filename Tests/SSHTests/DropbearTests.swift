import Foundation
import SSH
import Testing

/// A real dropbear on 127.0.0.1: the SSH server of small guests and of routers.
@Suite(.timeLimit(.minutes(2)))
struct DropbearTests {
    /// With an Ed25519 key alone it offers ssh-rsa all the same, and ends the connection when that is taken up.
    @Test func aKeyThatIsOfferedAndMissingHidesNoOther() async throws {
        try await withDropbear(keys: ["ed25519"]) { port, made in
            let keys = try await SSHSession.hostKeys(of: "127.0.0.1", port: port)
            #expect(keys.map(\.text) == made)
        }
    }

    @Test func everyKeyThatItHasIsShown() async throws {
        try await withDropbear(keys: ["ed25519", "ecdsa"]) { port, made in
            let keys = try await SSHSession.hostKeys(of: "127.0.0.1", port: port)
            #expect(keys.map(\.text) == made)
        }
    }

    @Test func oneKeyIsAskedForByOneHandshake() async throws {
        try await withDropbear(keys: ["ed25519", "ecdsa"]) { port, made in
            for text in made {
                let type = try #require(text.split(separator: " ").first.map(String.init))
                let key = try await SSHSession.hostKey(of: "127.0.0.1", port: port, types: [type])
                #expect(key.text == text)
            }
            let first = try await SSHSession.hostKey(of: "127.0.0.1", port: port)
            #expect(first.text == made[0])
        }
    }

    @Test func aTypeThatItDoesNotHaveIsSaid() async throws {
        try await withDropbear(keys: ["ed25519"]) { port, _ in
            let type = "ecdsa-sha2-nistp256"
            let error = try await failure {
                try await SSHSession.hostKey(of: "127.0.0.1", port: port, types: [type])
            }
            #expect(error.code == .noCommonAlgorithm)
            #expect(error.message.contains("the server offers ssh-ed25519"))
        }
    }

    private func withDropbear(keys: [String], _ body: (Int, [String]) async throws -> Void) async throws {
        let directory = NSTemporaryDirectory() + "drover-dropbear-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        var made: [String] = []
        for type in keys {
            let said = try await tool("dropbearkey", ["-t", type, "-f", "\(directory)/\(type)"])
            try #require(said.status == 0, "\(said.error)")
            let line = said.output.split(separator: "\n").first { $0.contains(" AAAA") }
            made.append(try #require(line).split(separator: " ").prefix(2).joined(separator: " "))
        }
        for _ in 0..<5 {
            let port = try freePort()
            let process = try spawn(
                ["/usr/sbin/dropbear", "-F", "-E", "-s", "-p", "127.0.0.1:\(port)", "-P", "\(directory)/pid"]
                    + keys.flatMap { ["-r", "\(directory)/\($0)"] },
                log: "\(directory)/log")
            defer {
                kill(process, SIGTERM)
                waitpid(process, nil, 0)
            }
            // Another process may have taken the port in between.
            guard try await isReady(port, process) else { continue }
            return try await body(port, made)
        }
        throw ToolFailed(text: (try? String(contentsOfFile: "\(directory)/log", encoding: .utf8)) ?? "")
    }

    private func isReady(_ port: Int, _ process: Int32) async throws -> Bool {
        for _ in 0..<500 {
            if answers(port) { return true }
            if waitpid(process, nil, WNOHANG) == process { return false }
            try await Task.sleep(for: .milliseconds(20))
        }
        return false
    }
}
