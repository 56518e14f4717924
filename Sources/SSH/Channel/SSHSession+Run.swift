/// What a command printed, and how it ended.
public struct CommandResult: Sendable, Hashable {
    public let status: ExitStatus
    public let output: [UInt8]
    public let error: [UInt8]
}

extension SSHSession {
    /// Runs a command to its end.
    ///
    /// - Parameters:
    ///   - input: Its standard input. It need not read all of it.
    ///   - limit: How many bytes it may print on each stream.
    ///   - timeout: Seconds that it may be silent; nil for no limit.
    /// - Throws: protocolError when it prints more; timeout; whatever ended the connection.
    public func run(
        _ command: String, input: [UInt8] = [], limit: Int = 16 << 20, timeout: Double? = nil
    ) async throws(SSHError) -> CommandResult {
        let channel = try await exec(command, timeout: timeout)
        let answer = await withTaskGroup(of: Void.self, returning: Result<CommandResult, SSHError>.self) { group in
            group.addTask {
                // A command that ends without reading its input is no error; other problems show in the reading too.
                try? await channel.write(input)
                try? await channel.sendEOF()
            }
            let answer = await channel.collect(limit: limit, timeout: timeout)
            group.cancelAll()
            return answer
        }
        await channel.close()
        return try answer.mapError { $0.at(host) }.get()
    }
}

extension SSHChannel {
    fileprivate func collect(limit: Int, timeout: Double?) async -> Result<CommandResult, SSHError> {
        var output: [UInt8] = []
        var errors: [UInt8] = []
        do {
            while let event = try await read(timeout: timeout) {
                switch event {
                case .output(let bytes): output += bytes
                case .error(let bytes): errors += bytes
                }
                guard max(output.count, errors.count) <= limit else {
                    return .failure(SSHError(.protocolError, "the command printed more than \(limit) bytes"))
                }
            }
            return .success(
                CommandResult(status: try await exitStatus(timeout: timeout), output: output, error: errors))
        } catch {
            return .failure(error)
        }
    }
}
