import Foundation
import Glibc
import PKI
import Subprocess
import Testing

/// A private directory for one test, removed when its scope ends.
struct Scratch {
    let path: String

    static func with(_ body: (Scratch) async throws -> Void) async throws {
        let path = NSTemporaryDirectory() + "drover-pki-\(UUID().uuidString)"
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
        defer { try? FileManager.default.removeItem(atPath: path) }
        try await body(Scratch(path: path))
    }

    func file(_ name: String, _ content: String) throws -> String {
        try file(name, Array(content.utf8))
    }

    func file(_ name: String, _ content: [UInt8]) throws -> String {
        let file = path + "/" + name
        try #require(
            FileManager.default.createFile(
                atPath: file, contents: Data(content), attributes: [.posixPermissions: 0o600]))
        return file
    }

    var pki: String { path + "/pki" }

    func authority(
        fleet: String = "test", algorithm: KeyAlgorithm = .ecP256, now: Int = UnixTime.now
    ) async throws -> Authority {
        try await Authority.create(directory: pki, fleetName: fleet, algorithm: algorithm, now: now)
    }
}

/// What a program said, stdout and stderr together.
struct ToolResult {
    let succeeded: Bool
    let text: String
}

func tool(_ name: String, _ arguments: String...) async throws -> ToolResult {
    let result = try await run(
        .name(name), arguments: Arguments(arguments), output: .string(limit: 1 << 20), error: .string(limit: 1 << 20))
    return ToolResult(
        succeeded: result.terminationStatus.isSuccess,
        text: result.standardOutput + result.standardError)
}

/// A profile with the usual things in it.
func profile(
    _ name: String, _ plane: Plane = .api, algorithm: KeyAlgorithm = .ecP256, days: Int = 365
) -> LeafProfile {
    LeafProfile(
        name: name, plane: plane, subject: Subject(commonName: name, organization: "test"),
        dnsNames: [name, "\(name).example.org"], ipAddresses: ["127.0.0.1", "::1"], validityDays: days,
        algorithm: algorithm)
}

let day = 86400
