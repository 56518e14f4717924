package import Inventory
internal import Modules

/// Runs one command on many hosts. Its words reach the hosts' shell quoted: they are words, never code.
package struct HostCommandRun: Sendable {
    /// What a host printed (at most 1 MiB of each stream) and how the command ended.
    package struct Answer: Sendable {
        package let output: String
        package let error: String
        package let exit: ChannelExit
    }

    private static let limit = 1 << 20
    private let context: FleetContext

    package init(_ context: FleetContext) { self.context = context }

    /// - Parameter words: one word is a command line for the shell, several are a command and its arguments.
    package func run(_ words: [String], on hosts: [Host]) async -> [Result<Answer, HostProblem>] {
        let line = words.count == 1 ? words[0] : words.map(ShellText.quoted).joined(separator: " ")
        return await fanOut(hosts, limit: context.parallel) { host in
            do throws(HostProblem) {
                let connection = try await context.connector.connect(to: host)
                let answer: Answer
                do throws(HostProblem) {
                    answer = try await Self.run("exec /bin/sh -c \(ShellText.quoted(line))", on: connection)
                } catch {
                    await connection.close()
                    throw error
                }
                await connection.close()
                return .success(answer)
            } catch {
                return .failure(error)
            }
        }
    }

    private static func run(_ command: String, on connection: any HostConnection) async throws(HostProblem) -> Answer {
        let channel = try await connection.open(command)
        try await channel.finishWriting()
        var output: [UInt8] = []
        var error: [UInt8] = []
        while let chunk = try await channel.read() {
            switch chunk {
            case .output(let bytes): output.append(contentsOf: bytes.prefix(max(0, limit - output.count)))
            case .error(let bytes): error.append(contentsOf: bytes.prefix(max(0, limit - error.count)))
            }
        }
        return Answer(
            output: String(decoding: output, as: UTF8.self), error: String(decoding: error, as: UTF8.self),
            exit: try await channel.exit())
    }
}
