internal import Values

/// The value of `body`, or nil when it takes longer than `limit` or the task is cancelled: `body` is cancelled then and left
/// to itself, so that nothing that hangs holds up whoever asked.
func within<Value: Sendable>(_ limit: Duration, _ body: @escaping @Sendable () async -> Value) async -> Value? {
    let (stream, answer) = AsyncStream.makeStream(of: Value.self)
    let work = Task {
        answer.yield(await body())
        answer.finish()
    }
    let timer = Task {
        try await Task.sleep(for: limit)
        answer.finish()
    }
    defer {
        timer.cancel()
        work.cancel()
    }
    for await value in stream { return value }
    return nil
}
