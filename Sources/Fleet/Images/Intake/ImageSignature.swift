internal import Values

/// A published signature, checked by gpgv against a keyring of the user's own.
struct ImageSignature: Sendable {
    /// The keyring; binary, as `gpg --export` and `gpg --dearmor` write it.
    let keyring: String

    /// Checks a detached signature.
    /// - Throws: a diagnostic with gpgv's words when no key of the keyring made it; ``UnusableContent`` when it is of
    ///   other content.
    func verify(_ path: String, signature: String, name: String) async throws {
        try await judge(["--", signature, path], name)
    }

    /// Checks a text that carries its signature in itself.
    /// - Returns: what was signed, and nothing that stands around it.
    func opened(_ path: String, name: String, workingIn directory: String) async throws -> String {
        let work = try WorkFile(in: directory)
        try await judge(["--output", work.path, "--", path], name)
        return try DiskFile.readText(work.path)
    }

    private func judge(_ words: [String], _ name: String) async throws {
        let path = DiskPath.absolute(DiskPath.expandingHome(keyring))
        guard DiskPath.isFile(path) else {
            throw Diagnostic.error(
                "the keyring \"\(keyring)\" is not there", detail: "it is needed to check who signed \"\(name)\"",
                hint: "the distribution's package of archive keys brings it; or name another with --keyring")
        }
        let outcome = try await ToolRun(
            tool: "gpgv", words: ["--status-fd", "1", "--keyring", path] + words
        ).run()
        func says(_ word: String) -> Bool {
            outcome.output.split(separator: "\n").contains { $0.hasPrefix("[GNUPG:] \(word) ") }
        }
        if outcome.code == 0, says("GOODSIG") { return }
        let reason = Diagnostic.error(
            "the signature of \"\(name)\" does not hold", detail: outcome.complaint,
            hint: "the keyring must hold the signer's key, in binary form (gpg --dearmor)")
        // Else the keyring is, which may be another next time.
        if says("BADSIG") { throw UnusableContent(reason: reason) }
        throw reason
    }

    /// Whether a text carries its signature in itself.
    static func isInside(_ text: String) -> Bool { text.hasPrefix("-----BEGIN PGP SIGNED MESSAGE-----") }
}
