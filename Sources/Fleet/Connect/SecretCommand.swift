internal import Subprocess
internal import SystemPackage

/// A secret that a command of the inventory prints, such as a password manager's. It is kept nowhere.
enum SecretCommand {
    /// The first line of what the command prints; nil when it fails.
    static func secret(from command: String) async -> String? {
        let result = try? await run(
            .path("/bin/sh"), arguments: ["-c", command], output: .string(limit: 1 << 16), error: .discarded)
        guard let result, result.terminationStatus.isSuccess else { return nil }
        return result.standardOutput.split(separator: "\n", omittingEmptySubsequences: false).first.map(String.init)
    }
}
