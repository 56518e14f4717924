internal import Subprocess
internal import Values

/// The SSH host key of a guest: made here, handed over in its first-boot configuration, and forgotten but for the
/// public half.
struct GuestKey: Sendable {
    /// PEM in OpenSSH's own form.
    let privateText: String
    /// Type and key in base 64.
    let publicText: String

    /// Has ssh-keygen make an Ed25519 pair.
    static func make() async throws -> GuestKey {
        let folder = try PrivateFolder()
        let path = folder.file("key")
        let result: ExecutionResult<Void, DiscardedOutput, StringOutput<UTF8>>
        do {
            result = try await run(
                Program.named("ssh-keygen"), arguments: ["-q", "-t", "ed25519", "-N", "", "-C", "", "-f", path],
                output: .discarded, error: .string(limit: 1 << 12))
        } catch {
            throw Diagnostic.error(
                "cannot make the VM's SSH host key: ssh-keygen did not start", detail: "\(error)",
                hint: "install the package openssh-client on this machine")
        }
        try Task.checkCancellation()
        guard result.terminationStatus.isSuccess else {
            throw Diagnostic.error(
                "cannot make the VM's SSH host key: ssh-keygen failed", detail: result.standardError)
        }
        let words = try DiskFile.readText(path + ".pub").split(whereSeparator: \.isWhitespace).prefix(2)
        return GuestKey(privateText: try DiskFile.readText(path), publicText: words.joined(separator: " "))
    }
}
