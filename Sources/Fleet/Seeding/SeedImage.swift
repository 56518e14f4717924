internal import Subprocess
internal import Values

/// The first-boot configuration of a VM as cloud-init's NoCloud reads it: an ISO labelled `cidata`, made by xorriso.
///
/// A host key is in it: it lies in memory until it is uploaded, and is gone with this value.
struct SeedImage: ~Copyable {
    private let folder: PrivateFolder
    var path: String { folder.file("seed.iso") }

    /// Writes it.
    /// - Parameter pieces: the files in it.
    init(_ pieces: [(name: String, text: String)]) async throws {
        let folder = try PrivateFolder()
        let tree = folder.file("seed")
        try DiskPath.makeDirectory(tree, mode: 0o700)
        for (name, text) in pieces {
            try DiskFile.write(Array(text.utf8), to: DiskPath.join(tree, name), mode: 0o600)
        }
        try await Self.write(tree, to: folder.file("seed.iso"))
        self.folder = folder
    }

    private static func write(_ tree: String, to path: String) async throws {
        let result: ExecutionResult<Void, StringOutput<UTF8>, StringOutput<UTF8>>
        do {
            result = try await run(
                Program.named("xorriso"),
                arguments: [
                    "-as", "mkisofs", "-quiet", "-volid", "cidata", "-joliet", "-rational-rock", "-output", path,
                    tree,
                ],
                output: .string(limit: 1 << 16), error: .string(limit: 1 << 16))
        } catch {
            throw Diagnostic.error(
                "cannot make the first-boot image: xorriso did not start", detail: "\(error)",
                hint: "install the package xorriso on this machine")
        }
        // Whoever interrupts this also ends xorriso: that is no failure of its own.
        try Task.checkCancellation()
        guard result.terminationStatus.isSuccess else {
            throw Diagnostic.error(
                "cannot make the first-boot image: xorriso failed", detail: result.standardError)
        }
    }
}
