import Fleet
import Testing
import Values

/// What a host says that starts no run is what a person is told.
@Suite struct RefusedRunTests {
    private struct Connection: HostConnection {
        let said: [UInt8]
        var peerAddress: String? { nil }
        func open(_ command: String) async throws(HostProblem) -> any HostChannel { Channel(said: said) }
        func close() async {}
    }

    private actor Channel: HostChannel {
        private var said: [UInt8]?
        init(said: [UInt8]) { self.said = said }
        func write(_ bytes: [UInt8]) async throws(HostProblem) {}
        func finishWriting() async throws(HostProblem) {}
        func read() async throws(HostProblem) -> ChannelChunk? {
            defer { said = nil }
            return said.map { .output($0) }
        }
        func exit() async throws(HostProblem) -> ChannelExit { .code(1) }
        func close() async {}
    }

    @Test(arguments: ["This account is currently not available.", "This account is currently not available.\n"])
    func itsWordsAreShown(_ words: String) async throws {
        do throws(HostProblem) {
            _ = try await RunChannel.open(on: Connection(said: Array(words.utf8)), host: "hv1")
            Issue.record("a run was started")
        } catch {
            #expect(error.diagnostic.detail?.contains("currently not available") == true, "\(error)")
        }
    }
}
