import Foundation
import Subprocess

/// Runs a program and gives what came of it.
func tool(
    _ name: String, _ arguments: [String], environment: [String: String] = [:]
) async throws -> (status: Int32, output: String, error: String) {
    let updates = environment.map { (Environment.Key(stringLiteral: $0.key), $0.value as String?) }
    let result = try await Subprocess.run(
        .name(name), arguments: .init(arguments),
        environment: .inherit.updating(Dictionary(uniqueKeysWithValues: updates)),
        output: .string(limit: 1 << 20), error: .string(limit: 1 << 20))
    let status: Int32 =
        switch result.terminationStatus {
        case .exited(let code): code
        case .signaled(let signal): 128 + signal
        }
    return (status, result.standardOutput, result.standardError)
}

struct ToolFailed: Error { let text: String }

/// Throw-away keys, made once for the whole test process and removed at its end.
struct TestKeys: Sendable {
    static let passphrase = "correct horse"
    static let shared = Task { try await TestKeys() }

    let directory: String

    private init() async throws {
        let directory = NSTemporaryDirectory() + "drover-ssh-keys-\(UUID().uuidString)"
        self.directory = directory
        try FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        removeAtExit(directory)
        let wanted: [(name: String, type: String, bits: String?, passphrase: String)] = [
            ("host_ed25519", "ed25519", nil, ""), ("host_ecdsa", "ecdsa", "256", ""), ("host_rsa", "rsa", "2048", ""),
            ("other_ed25519", "ed25519", nil, ""), ("other_ecdsa", "ecdsa", "256", ""),
            ("other_rsa", "rsa", "2048", ""),
            ("user_ed25519", "ed25519", nil, ""), ("user_ecdsa", "ecdsa", "384", ""), ("user_rsa", "rsa", "2048", ""),
            ("user_encrypted", "ed25519", nil, Self.passphrase), ("user_stranger", "ed25519", nil, ""),
        ]
        for (name, type, bits, passphrase) in wanted {
            let size = bits.map { ["-b", $0] } ?? []
            let made = try await tool(
                "ssh-keygen",
                ["-q", "-t", type] + size + ["-N", passphrase, "-C", "\(name)@test", "-f", "\(directory)/\(name)"])
            guard made.status == 0 else { throw ToolFailed(text: made.error) }
        }
    }

    func path(_ name: String) -> String { "\(directory)/\(name)" }

    /// Type and key, without the comment.
    func text(_ name: String) throws -> String {
        let line = try String(contentsOfFile: path(name) + ".pub", encoding: .utf8)
        return line.split(separator: " ").prefix(2).joined(separator: " ")
    }
}

private nonisolated(unsafe) var doomed: [String] = []
private let doomedLock = NSLock()

/// Removes a directory when the test process ends.
private func removeAtExit(_ path: String) {
    doomedLock.withLock {
        if doomed.isEmpty { atexit { for path in doomed { try? FileManager.default.removeItem(atPath: path) } } }
        doomed.append(path)
    }
}
