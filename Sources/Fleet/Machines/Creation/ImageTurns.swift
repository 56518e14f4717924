/// Lets one creation at a time bring an image to a pool: of several that start together one uploads, and the others find
/// it there.
actor ImageTurns {
    static let shared = ImageTurns()

    private var taken: Set<String> = []
    private var waiting: [(key: String, id: Int, resume: CheckedContinuation<Void, Never>)] = []
    private var last = 0

    /// Does it when nobody else is at it.
    /// - Throws: what `body` throws; `CancellationError` while waiting.
    func inTurn<Result: Sendable>(_ key: String, _ body: @Sendable () async throws -> Result) async throws -> Result {
        while !taken.insert(key).inserted {
            last += 1
            let id = last
            await withTaskCancellationHandler {
                await withCheckedContinuation { waiting.append((key, id, $0)) }
            } onCancel: {
                Task { await self.wake { $0.id == id } }
            }
            try Task.checkCancellation()
        }
        defer {
            taken.remove(key)
            wake { $0.key == key }
        }
        return try await body()
    }

    private func wake(_ meant: ((key: String, id: Int, resume: CheckedContinuation<Void, Never>)) -> Bool) {
        let woken = waiting.filter(meant)
        waiting.removeAll(where: meant)
        for one in woken { one.resume.resume() }
    }
}
