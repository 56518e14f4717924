package import Inventory
internal import Subprocess
internal import SystemPackage
internal import Values

/// The machine that Drover runs on, for hosts that say `connection: local`.
package struct LocalConnector: Connector {
    package init() {}

    package func connect(to host: Host) async throws(HostProblem) -> any HostConnection {
        LocalConnection(host: host.name)
    }
}

private struct LocalConnection: HostConnection {
    let host: String
    var peerAddress: String? { nil }

    func open(_ command: String) async throws(HostProblem) -> any HostChannel { LocalChannel(command: command) }

    func close() async {}
}

/// A child process with its pipes. Output waits in small buffers, so that a command that prints much is held up and
/// memory is not.
private actor LocalChannel: HostChannel {
    private enum Input: Sendable { case bytes([UInt8]), end }

    private let input: AsyncStream<Input>.Continuation
    private var chunks: AsyncStream<ChannelChunk>.Iterator
    private let work: Task<ChannelExit, Never>

    init(command: String) {
        let (source, input) = AsyncStream.makeStream(of: Input.self)
        let (stream, sink) = AsyncStream.makeStream(of: ChannelChunk.self)
        self.input = input
        chunks = stream.makeAsyncIterator()
        work = Task {
            let exit = await Self.run(command, source, sink)
            sink.finish()
            return exit
        }
    }

    private static func run(
        _ command: String, _ source: AsyncStream<Input>, _ sink: AsyncStream<ChannelChunk>.Continuation
    ) async -> ChannelExit {
        let outcome = try? await Subprocess.run(
            .path("/bin/sh"), arguments: ["-c", command], input: .inputWriter, output: .sequence, error: .sequence
        ) { execution in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    for await piece in source {
                        guard case .bytes(let bytes) = piece else { break }
                        _ = try? await execution.standardInputWriter.write(bytes)
                    }
                    try? await execution.standardInputWriter.finish()
                }
                group.addTask {
                    for try await buffer in execution.standardOutput {
                        sink.yield(.output(buffer.withUnsafeBytes { Array($0) }))
                    }
                }
                group.addTask {
                    for try await buffer in execution.standardError {
                        sink.yield(.error(buffer.withUnsafeBytes { Array($0) }))
                    }
                }
                try await group.waitForAll()
            }
        }
        switch outcome?.terminationStatus {
        case .exited(let code): return .code(code)
        case .signaled(let number): return .signal("\(number)")
        default: return .unknown
        }
    }

    func write(_ bytes: [UInt8]) async throws(HostProblem) { input.yield(.bytes(bytes)) }

    func finishWriting() async throws(HostProblem) {
        input.yield(.end)
        input.finish()
    }

    func read() async throws(HostProblem) -> ChannelChunk? {
        var iterator = chunks
        let chunk = await iterator.next(isolation: self)
        chunks = iterator
        return chunk
    }

    func exit() async throws(HostProblem) -> ChannelExit { await work.value }

    func close() async {
        input.finish()
        work.cancel()
    }
}
