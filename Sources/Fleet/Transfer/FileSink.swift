internal import Inventory
internal import Values

/// A file that a host takes, piece by piece; it is in its place when all of it has come.
struct FileSink {
    private let host: Host
    private let path: String
    private let channel: any HostChannel

    static func open(
        _ connection: any HostConnection, _ host: Host, path: String, name: String, mode: UInt32, size: Int
    ) async throws(HostProblem) -> FileSink {
        let variables = [
            ("path", path), ("name", name), ("mode", String(mode & 0o777, radix: 8)), ("size", "\(size)"),
        ]
        let channel = try await connection.open(HostScript(variables: variables, script).command)
        return FileSink(host: host, path: path, channel: channel)
    }

    /// A host that has given up reads no more: why is said at the end.
    func write(_ bytes: [UInt8]) async throws {
        do throws(HostProblem) {
            try await channel.write(bytes)
        } catch {
            try await finish(expecting: nil)
            throw error
        }
    }

    /// - Parameter sum: SHA-256 of what was sent.
    /// - Throws: ``HostProblem`` with the host's words when it did not take it.
    func finish(expecting sum: String?) async throws {
        try await channel.finishWriting()
        var (answer, said): ([UInt8], [UInt8]) = ([], [])
        while let chunk = try await channel.read() {
            switch chunk {
            case .output(let bytes): answer += bytes.prefix(max(0, 256 - answer.count))
            case .error(let bytes): said += bytes.prefix(max(0, 4096 - said.count))
            }
        }
        let end = try await channel.exit()
        let words = String(decoding: answer, as: UTF8.self).split(separator: "\n").first.map(String.init)
        guard end.succeeded, sum == nil || words == sum else {
            throw HostProblem(
                .failed,
                .error(
                    "cannot write \"\(path)\"",
                    detail: end.succeeded ? "its hash there is another one" : HostScript.words(said),
                    host: host.name))
        }
    }

    private static let script = String(decoding: PackageResources.file_take_sh, as: UTF8.self)
}
