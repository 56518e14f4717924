internal import Synchronization

/// The answer of a call that runs on another thread: given once, awaited once; whoever comes later is not heard.
final class Reply<Answer: Sendable>: Sendable {
    typealias Outcome = Result<Answer, HypervisorError>

    private enum State: Sendable {
        case open
        case awaited(CheckedContinuation<Outcome, Never>)
        case given(Outcome)
        case done
    }

    private let state = Mutex(State.open)

    /// Gives the answer; false when one was given before.
    @discardableResult
    func give(_ outcome: Outcome) -> Bool {
        let (isFirst, waiting) = state.withLock { state -> (Bool, CheckedContinuation<Outcome, Never>?) in
            switch state {
            case .open:
                state = .given(outcome)
                return (true, nil)
            case .awaited(let continuation):
                state = .done
                return (true, continuation)
            case .given, .done:
                return (false, nil)
            }
        }
        waiting?.resume(returning: outcome)
        return isFirst
    }

    /// Waits for the answer.
    ///
    /// - Parameters:
    ///   - deadline: after this long the answer is `late`; the call itself goes on.
    ///   - cancelled: the answer when the waiting task is cancelled; nil if cancellation must not end the wait.
    func value(
        deadline: Duration?, late: HypervisorError, cancelled: HypervisorError? = nil
    ) async throws(HypervisorError) -> Answer {
        let timer = deadline.map { deadline in
            Task {
                try await Task.sleep(for: deadline)
                give(.failure(late))
            }
        }
        defer { timer?.cancel() }
        let outcome = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let early = state.withLock { state -> Outcome? in
                    guard case .given(let outcome) = state else {
                        state = .awaited(continuation)
                        return nil
                    }
                    state = .done
                    return outcome
                }
                if let early { continuation.resume(returning: early) }
            }
        } onCancel: {
            if let cancelled { give(.failure(cancelled)) }
        }
        return try outcome.get()
    }
}
