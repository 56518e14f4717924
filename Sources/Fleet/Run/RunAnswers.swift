internal import Modules
internal import States
internal import Values

/// The way back to a run that waits for the controller: a second channel of the same connection, opened when it is first
/// needed, over which questions are taken and answers laid into the run's directory.
actor RunAnswers {
    private let connection: any HostConnection
    private let directory: String
    private let host: String
    private var channel: RunChannel?

    init(_ connection: any HostConnection, run directory: String, host: String) {
        self.connection = connection
        self.directory = directory
        self.host = host
    }

    /// Does what the host leaves to the controller, and tells the waiting host what came of it.
    nonisolated func carryOut(
        _ index: Int, _ chunk: LowChunk, test: Bool, by virtual: VirtualStates
    ) async throws(HostProblem) {
        guard try await take(index) else { return }
        let beats = Task { await beat() }
        let answer = await virtual.answer(chunk, test: test)
        beats.cancel()
        await beats.value
        do throws(HostProblem) {
            try await give(answer, to: index)
        } catch {
            var problem = error
            problem.diagnostic.detail = "\(chunk.state).\(chunk.function) \(chunk.name) came to: \(answer.comment)"
            throw problem
        }
    }

    /// - Returns: whether the host still waits; if not, nothing may be done.
    private func take(_ chunk: Int) async throws(HostProblem) -> Bool {
        try await run(ControllerAnswer.taking(chunk), doing: "take over a state") == "taken\n"
    }

    private func give(_ answer: ControllerAnswer, to chunk: Int) async throws(HostProblem) {
        try await open().put("answer", answer.bytes)
        _ = try await run(ControllerAnswer.giving(chunk), doing: "report a state")
    }

    /// Says every few seconds that the controller is at work, until it is cancelled or the host is lost.
    private func beat() async {
        while !Task.isCancelled {
            try? await Task.sleep(for: .seconds(5))
            if Task.isCancelled { return }
            // Not cancelled half way: the channel is needed for the answer.
            let beat = Task { (try? await run(ControllerAnswer.beat, doing: "wait")) != nil }
            guard await beat.value else { return }
        }
    }

    func close() async {
        await channel?.bye()
        channel = nil
    }

    private func run(_ script: String, doing: String) async throws(HostProblem) -> String {
        try await HostScript(variables: [("run", directory)], script).run(over: try await open(), doing: doing)
    }

    private func open() async throws(HostProblem) -> RunChannel {
        if let channel { return channel }
        let new = try await RunChannel.open(on: connection, host: host)
        channel = new
        return new
    }
}
