import Glibc
import Synchronization

/// Threads for what blocks: name look-up, reading keys from a home directory that may be on NFS, key derivation.
///
/// One thread for each call: the caller's own limit on hosts in flight bounds them.
enum OwnThread {
    private final class Body: Sendable {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    /// Starts a detached thread that takes no signals.
    ///
    /// - Returns: false when the system has no thread left.
    static func start(_ run: @escaping @Sendable () -> Void) -> Bool {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        let body = Unmanaged.passRetained(Body(run))
        // Blocked across the creation, so that the new thread never has a moment in which a signal can hit it.
        var all = sigset_t()
        var before = sigset_t()
        sigfillset(&all)
        // Not those that a fault in this very thread raises: their handlers print the backtrace.
        for fault in [SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP] { sigdelset(&all, fault) }
        pthread_sigmask(SIG_BLOCK, &all, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        var thread = pthread_t()
        let result = pthread_create(
            &thread, &attributes,
            { argument in
                guard let argument else { return nil }
                Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run()
                return nil
            }, body.toOpaque())
        if result != 0 { body.release() }
        return result == 0
    }

    /// The value that `body` returns, computed on a thread of its own; nil as soon as the task is cancelled, or when there
    /// is no thread. A thread that is no longer waited for runs to its end, and its value is dropped.
    static func value<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value? {
        let waiting = Waiting<Value>()
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                guard waiting.begin(continuation) else { return }
                if !start({ waiting.resume(body()) }) { waiting.resume(nil) }
            }
        } onCancel: {
            waiting.resume(nil)
        }
    }

    /// The same for work that must not be left alone: cancellation does not end the wait.
    static func wholeValue<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value? {
        await withCheckedContinuation { continuation in
            if !start({ continuation.resume(returning: body()) }) { continuation.resume(returning: nil) }
        }
    }

    /// A continuation that thread and cancellation both try to resume; the first one does.
    private final class Waiting<Value: Sendable>: Sendable {
        private enum State {
            case new
            case waiting(CheckedContinuation<Value?, Never>)
            case done
        }

        private let state = Mutex(State.new)

        /// - Returns: false if it was cancelled already; the continuation has been resumed then.
        func begin(_ continuation: CheckedContinuation<Value?, Never>) -> Bool {
            let isNew = state.withLock { state in
                guard case .new = state else { return false }
                state = .waiting(continuation)
                return true
            }
            if !isNew { continuation.resume(returning: nil) }
            return isNew
        }

        func resume(_ value: Value?) {
            let old = state.withLock { state in
                defer { state = .done }
                return state
            }
            if case .waiting(let continuation) = old { continuation.resume(returning: value) }
        }
    }
}
