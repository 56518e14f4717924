internal import FoundationEssentials
internal import Inventory
internal import Values

/// Carries UEFI variables and a TPM's state from one host to the other: a few files that no storage pool has, compared by
/// SHA-256 at the end.
struct StateTransfer: Sendable {
    let hosts: MigrationHosts

    /// One file, compressed.
    struct Piece: Sendable, Hashable {
        /// Below the directory; empty for the file itself.
        let name: String
        let mode: String
        let owner: String
        let digest: String
        let content: [UInt8]
    }

    /// - Throws: `Diagnostics` when there is more than fits, or something else than files.
    func copy(_ file: MigrationPlan.StateFile) async throws {
        let text = try await hosts.source.run(
            Self.readScript, [("root", file.path)], doing: "read \"\(file.path)\"")
        guard let pieces = Self.pieces(text), !pieces.isEmpty else {
            throw Diagnostics(
                .error(
                    "\"\(file.path)\" could not be read whole", detail: "states of up to 2 MiB, compressed, are copied",
                    host: hosts.source.host.name))
        }
        for piece in pieces {
            try await hosts.destination.channel.put("piece", piece.content)
            let path = piece.name.isEmpty ? file.path : DiskPath.join(file.path, piece.name)
            try await hosts.destination.run(
                Self.writeScript,
                [
                    ("root", file.path), ("path", path), ("mode", piece.mode), ("owner", piece.owner),
                    ("digest", piece.digest),
                ], doing: "write \"\(path)\"")
        }
    }

    /// The source's words, none of which becomes a path or a mode unless it looks like one.
    static func pieces(_ text: String) -> [Piece]? {
        var pieces: [Piece] = []
        for line in text.split(separator: "\n") {
            let fields = line.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
            guard fields.count == 5, let content = Data(base64Encoded: fields[3]), fields[2].utf8.count == 64,
                !fields[0].isEmpty, fields[0].utf8.allSatisfy({ (0x30...0x37).contains($0) }), fields[0].utf8.count <= 4
            else { return nil }
            let name = fields[4] == "." ? "" : fields[4]
            let isPlain = name.split(separator: "/", omittingEmptySubsequences: false).allSatisfy { part in
                !part.isEmpty && part != ".." && part != "."
                    && part.utf8.allSatisfy { byte in
                        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                            || [UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-")].contains(byte)
                    }
            }
            guard name.isEmpty || isPlain else { return nil }
            pieces.append(
                Piece(
                    name: name, mode: fields[0], owner: fields[1], digest: fields[2], content: Array(content)))
        }
        return pieces
    }

    private static let readScript = String(decoding: PackageResources.state_read_sh, as: UTF8.self)
    private static let writeScript = String(decoding: PackageResources.state_write_sh, as: UTF8.self)
}
