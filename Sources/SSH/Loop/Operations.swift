/// What one try at an operation came to.
enum Attempt<Success> {
    case done(Success)
    case failed(SSHError)
    /// Nothing more can be done before the link has news.
    case again
}

/// The operations that wait on one link: each is a closure that is tried again whenever the link has news, until it is done,
/// its deadline passes, its task is cancelled, or the link is lost.
///
/// All of them are tried on all news, in the order in which they began. One that waits holds up no other: a reader that
/// waits for output does not stop a writer, and what one of them reads off the link on behalf of another wakes that one.
///
/// `@unchecked Sendable`: everything is touched on `loop`'s thread only.
final class Operations: @unchecked Sendable {
    private final class Pending {
        let id: UInt64
        let activity: String
        var timer: TimerQueue.ID?
        /// Tries once; true when finished.
        let step: () -> Bool
        /// Answers the waiting task, if it still waits.
        let fail: (SSHError) -> Void
        /// Goes on after its task has gone.
        let outlivesTask: Bool

        init(
            id: UInt64, activity: String, outlivesTask: Bool, step: @escaping () -> Bool,
            fail: @escaping (SSHError) -> Void
        ) {
            self.id = id
            self.activity = activity
            self.outlivesTask = outlivesTask
            self.step = step
            self.fail = fail
        }
    }

    let loop: EventLoop
    let link: any Link
    let host: String
    private var pending: [Pending] = []
    private var lastID: UInt64 = 0
    private var isTrying = false
    private var mustTryAgain = false
    /// While another thread has the link, nothing is tried.
    private var isSuspended = false
    /// An end that libssh2 found out about; it counts like one of the link.
    private(set) var declaredLoss: LinkLoss?

    init(link: any Link, loop: EventLoop, host: String) {
        self.link = link
        self.loop = loop
        self.host = host
        link.onReady = { [weak self] in self?.tryAll() }
    }

    var loss: LinkLoss? { declaredLoss ?? link.loss }
    /// Whether anybody waits for the peer.
    var isWaiting: Bool { !pending.isEmpty }

    /// Tries until done, without keeping any thread.
    ///
    /// - Parameters:
    ///   - activity: What is being done, for messages: "reading output".
    ///   - orphaned: Given, the operation goes on when its task is cancelled or its deadline passes, because libssh2 has to
    ///     see it through; the closure is then called with what came of it.
    /// - Throws: what the attempt failed with, or timeout, cancelled, connectionLost.
    func run<Success: Sendable>(
        isolation: isolated any Actor = #isolation, _ activity: String, deadline: Deadline = .none,
        orphaned: ((Success) -> Void)? = nil, attempt: @escaping () -> Attempt<Success>
    ) async throws(SSHError) -> Success {
        lastID += 1
        let id = lastID
        let answer = await withTaskCancellationHandler {
            // A closure is isolated to a parameter only if it mentions it; without this, it would leave the loop.
            _ = isolation
            return await withCheckedContinuation(isolation: isolation) { continuation in
                start(id, activity, deadline, orphaned, attempt, continuation)
            }
        } onCancel: {
            loop.submit {
                self.giveUp(id, SSHError(.cancelled, "cancelled while \(self.activity(of: id) ?? "waiting")"))
            }
        }
        return try answer.mapError { $0.at(host) }.get()
    }

    private func start<Success: Sendable>(
        _ id: UInt64, _ activity: String, _ deadline: Deadline, _ orphaned: ((Success) -> Void)?,
        _ attempt: @escaping () -> Attempt<Success>,
        _ continuation: CheckedContinuation<Result<Success, SSHError>, Never>
    ) {
        loop.checkIsolated()
        var waiting: CheckedContinuation<Result<Success, SSHError>, Never>? = continuation
        func answer(_ result: Result<Success, SSHError>) {
            let taken = waiting
            waiting = nil
            if let taken {
                taken.resume(returning: result)
            } else if case .success(let value) = result {
                orphaned?(value)
            }
        }
        let operation = Pending(
            id: id, activity: activity, outlivesTask: orphaned != nil,
            step: {
                switch attempt() {
                case .done(let value): answer(.success(value))
                case .failed(let error): answer(.failure(error))
                case .again: return false
                }
                return true
            }, fail: { answer(.failure($0)) })
        pending.append(operation)
        if case .at(let instant, let seconds) = deadline {
            operation.timer = loop.schedule(at: instant) { [weak self] in
                self?.giveUp(id, SSHError(.timeout, "timed out after \(seconds) s while \(activity)"))
            }
        }
        tryAll()
    }

    /// Goes on with something that no task waits for, until it is done or the link is lost.
    func detached(
        _ activity: String, attempt: @escaping () -> Attempt<Void>, failed: @escaping (SSHError) -> Void = { _ in }
    ) {
        lastID += 1
        let step = {
            if case .again = attempt() { return false }
            return true
        }
        pending.append(Pending(id: lastID, activity: activity, outlivesTask: true, step: step, fail: failed))
        retry()
    }

    /// Has everything tried once more: something changed without news on the link.
    func retry() {
        mustTryAgain = true
        if !isTrying { tryAll() }
    }

    /// Tries everything that waits, until nothing moves any more.
    func tryAll() {
        loop.checkIsolated()
        guard !isTrying, !isSuspended else {
            mustTryAgain = true
            return
        }
        isTrying = true
        defer { isTrying = false }
        link.flush()
        repeat {
            mustTryAgain = false
            let before = link.received
            for operation in pending where operation.step() {
                finish(operation)
            }
            if link.received != before { mustTryAgain = true }
        } while mustTryAgain
        if loss != nil { failAll() }
    }

    /// Waits until the link has news.
    func news(isolation: isolated any Actor = #isolation, _ activity: String, deadline: Deadline) async throws(SSHError)
    {
        // What came while the link was elsewhere is news already.
        var isNews = mustTryAgain
        try await run(activity, deadline: deadline) {
            defer { isNews = true }
            return isNews ? .done(()) : .again
        }
    }

    /// Keeps this thread's hands off the link while `body` runs elsewhere.
    func suspended<Value: Sendable>(
        isolation: isolated any Actor = #isolation, _ body: () async -> Value
    ) async -> Value {
        isSuspended = true
        mustTryAgain = false
        let value = await body()
        isSuspended = false
        // `mustTryAgain` stays as it is: `news` and the next operation look at it.
        link.flush()
        return value
    }

    /// Declares the link dead, with the reason.
    func lose(_ reason: LinkLoss) {
        declaredLoss = declaredLoss ?? reason
        if !isTrying { failAll() }
    }

    private func failAll() {
        guard let loss else { return }
        let failed = pending
        pending = []
        for operation in failed {
            unschedule(operation)
            operation.fail(loss.error(doing: operation.activity))
        }
    }

    private func giveUp(_ id: UInt64, _ error: SSHError) {
        guard let operation = pending.first(where: { $0.id == id }) else { return }
        unschedule(operation)
        if !operation.outlivesTask { pending.removeAll { $0.id == id } }
        operation.fail(error)
    }

    private func finish(_ operation: Pending) {
        unschedule(operation)
        pending.removeAll { $0 === operation }
    }

    private func unschedule(_ operation: Pending) {
        if let timer = operation.timer { loop.unschedule(timer) }
        operation.timer = nil
    }

    private func activity(of id: UInt64) -> String? { pending.first { $0.id == id }?.activity }
}

/// When to give up.
enum Deadline: Sendable {
    case none
    /// The instant, and the seconds that it was away when it was set, for the message.
    case at(ContinuousClock.Instant, seconds: Double)

    /// An equal part of what is left, for one of so many tries.
    func share(of tries: Int) -> Deadline {
        guard case .at(let instant, _) = self, tries > 1 else { return self }
        let part = ContinuousClock.now.duration(to: instant) / tries
        let (seconds, attoseconds) = part.components
        return .seconds(Double(seconds) + Double(attoseconds / 1_000_000_000_000_000) / 1000)
    }

    /// So many seconds from now; never, for nil.
    static func seconds(_ seconds: Double?) -> Deadline {
        guard let seconds else { return .none }
        return .at(.now + .seconds(max(0, min(seconds, 1e9))), seconds: seconds)
    }
}
