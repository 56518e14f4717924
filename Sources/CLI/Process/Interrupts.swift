internal import Glibc

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
