internal import Glibc
internal import Synchronization

/// SIGINT and SIGTERM, taken by `sigwait` on the main thread so that none is lost.
enum Interrupts {
    private static func set() -> sigset_t {
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGINT)
        sigaddset(&signals, SIGTERM)
        return signals
    }

    /// Before any thread is made: threads inherit the mask.
    static func block() {
        var signals = set()
        pthread_sigmask(SIG_BLOCK, &signals, nil)
    }

    private static let second = Mutex<(@Sendable () -> Void)?>(nil)

    /// Has the second Ctrl-C do something else than leave at once: for work that goes on by itself after the first.
    static func onSecond(_ act: @escaping @Sendable () -> Void) { second.withLock { $0 = act } }

    /// Whether somebody took the second one.
    static func handleSecond() -> Bool {
        let act = second.withLock { $0 }
        act?()
        return act != nil
    }

    /// What is said at the first.
    static var words: String {
        second.withLock { $0 == nil }
            ? "interrupted: finishing what has begun; press Ctrl-C again to stop at once"
            : "interrupted: what has begun goes on by itself; press Ctrl-C again within 2 s to call it off"
    }

    /// Never returns; tells of each signal with its count.
    static func wait(_ handle: (Int) -> Void) -> Never {
        var signals = set()
        var received: Int32 = 0
        var count = 0
        while true {
            guard sigwait(&signals, &received) == 0 else { continue }
            count += 1
            handle(count)
        }
    }

    /// For a command that replaces this process: the mask would outlive `execve`.
    static func unblock() {
        var signals = set()
        pthread_sigmask(SIG_UNBLOCK, &signals, nil)
        signal(SIGPIPE, SIG_DFL)
    }
}
