internal import Inventory
internal import Values

/// A file that a host gives, piece by piece.
struct FileSource {
    let mode: UInt32
    let size: Int
    /// SHA-256 of what the host read before.
    let sum: String
    private let host: Host
    private let path: String
    private let channel: any HostChannel
    private let first: [UInt8]

    /// - Throws: ``HostProblem`` with the host's words when it cannot give it.
    static func open(
        _ connection: any HostConnection, _ host: Host, path: String
    ) async throws(HostProblem) -> FileSource {
        let channel = try await connection.open(HostScript(variables: [("path", path)], script).command)
        try await channel.finishWriting()
        var (line, said): ([UInt8], [UInt8]) = ([], [])
        while let chunk = try await channel.read() {
            switch chunk {
            case .error(let bytes): said += bytes.prefix(max(0, 4096 - said.count))
            case .output(let bytes):
                line += bytes
                guard let end = line.firstIndex(of: 0x0A) else {
                    if line.count > 256 { throw garbage(host) }
                    continue
                }
                let fields = String(decoding: line[..<end], as: UTF8.self).split(separator: " ")
                guard fields.count == 3, let mode = UInt32(fields[0], radix: 8), let size = Int(fields[1]), size >= 0
                else { throw garbage(host) }
                return FileSource(
                    mode: mode & 0o777, size: size, sum: String(fields[2]), host: host, path: path, channel: channel,
                    first: Array(line[(end + 1)...]))
            }
        }
        throw HostProblem(
            .failed,
            .error(
                "cannot read \"\(path)\"", detail: HostScript.words(said),
                hint: "copy one file at a time; pack a directory first", host: host.name))
    }

    /// Hands over what the host sends, which is no more than it announced.
    func read(_ take: ([UInt8]) async throws -> Void) async throws {
        var left = size
        func hand(_ bytes: [UInt8]) async throws {
            guard bytes.count <= left else { throw FileTransfer.changed(path, host) }
            left -= bytes.count
            if !bytes.isEmpty { try await take(bytes) }
        }
        try await hand(first)
        while let chunk = try await channel.read() {
            if case .output(let bytes) = chunk { try await hand(bytes) }
        }
        let end = try await channel.exit()
        guard end.succeeded, left == 0 else { throw FileTransfer.changed(path, host) }
    }

    private static func garbage(_ host: Host) -> HostProblem {
        HostProblem(.failed, .error("what it answers is no file", host: host.name))
    }

    private static let script = String(decoding: PackageResources.file_give_sh, as: UTF8.self)
}
