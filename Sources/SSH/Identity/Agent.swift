import Glibc

/// A conversation with an SSH agent (draft-miller-ssh-agent), over its Unix socket, on a session's loop.
///
/// libssh2's own agent client blocks its thread until the agent answers, which may wait for a person to touch a token.
final class Agent {
    struct Key {
        let key: HostKey
        let comment: String
    }

    private static let largestAnswer = 256 << 10

    private let operations: Operations
    private let link: SocketLink

    /// Connects to the agent.
    ///
    /// - Throws: unreachable when there is none at the path.
    init(path: String, loop: EventLoop) throws(SSHError) {
        guard let address = SocketAddress.unix(path) else {
            throw SSHError(.invalidRequest, "'\(path)' is no path for an agent's socket")
        }
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let descriptor = socket(AF_UNIX, kind, 0)
        guard descriptor >= 0 else { throw .system(.resourcesExhausted, "no socket", errno) }
        guard address.withPointer({ connect(descriptor, $0, $1) }) == 0 else {
            let problem = errno
            Glibc.close(descriptor)
            throw .system(.unreachable, "no agent at '\(path)'", problem)
        }
        link = try SocketLink(descriptor, loop: loop)
        operations = Operations(link: link, loop: loop, host: path)
    }

    func close() { link.close() }

    /// The keys that the agent holds.
    func keys(isolation: isolated any Actor = #isolation, deadline: Deadline) async throws(SSHError) -> [Key] {
        var answer = WireReader(try await ask([11], "listing the agent's keys", deadline))
        guard answer.byte() == 12, let count = answer.number() else {
            throw SSHError(.protocolError, "the agent does not list its keys")
        }
        var keys: [Key] = []
        for _ in 0..<min(count, 256) {
            guard let blob = answer.string(), let comment = answer.text() else { break }
            if let key = HostKey(blob: blob) { keys.append(Key(key: key, comment: comment)) }
        }
        return keys
    }

    /// The bare signature, as libssh2 wants it: without the name of its algorithm.
    func sign(
        isolation: isolated any Actor = #isolation, _ data: [UInt8], with key: HostKey, deadline: Deadline
    ) async throws(SSHError) -> [UInt8] {
        let request = [13] + WireReader.encoded(key.blob) + WireReader.encoded(data) + WireReader.encoded(0)
        var answer = WireReader(try await ask(request, "waiting for the agent's signature", deadline))
        guard answer.byte() == 14, var blob = answer.string().map(WireReader.init), blob.string() != nil,
            let signature = blob.string()
        else { throw SSHError(.authenticationFailed, "the agent refused to sign") }
        return signature
    }

    private func ask(
        isolation: isolated any Actor = #isolation, _ request: [UInt8], _ activity: String, _ deadline: Deadline
    ) async throws(SSHError) -> [UInt8] {
        let link = link
        WireReader.encoded(request).withUnsafeBytes { link.send($0) }
        var received: [UInt8] = []
        return try await operations.run(activity, deadline: deadline) {
            var chunk = [UInt8](repeating: 0, count: 16 << 10)
            while true {
                var reader = WireReader(received)
                if let length = reader.number(), length > Self.largestAnswer {
                    return .failed(SSHError(.protocolError, "the agent answers with \(length) bytes"))
                }
                reader = WireReader(received)
                if let answer = reader.string() { return .done(answer) }
                let count = chunk.withUnsafeMutableBytes { buffer in
                    buffer.baseAddress.map { link.receive(into: $0, count: buffer.count) } ?? 0
                }
                guard count > 0 else { return .again }
                received += chunk[..<count]
            }
        }
    }
}
