internal import Glibc
internal import Synchronization

/// The terminal on standard input without line editing and signal keys, for what is typed into another machine; and its way
/// back to what it was, whatever ends this process.
enum RawTerminal {
    // Signal handlers read it: it is made before they are installed, and never moved.
    nonisolated(unsafe) private static let saved = UnsafeMutablePointer<termios>.allocate(capacity: 1)
    private static let isRaw = Atomic(false)
    /// What ends a process at once; SIGINT and SIGTERM come to it in an orderly way.
    private static let deadly = [SIGHUP, SIGQUIT, SIGABRT, SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP]

    /// False when standard input is no terminal.
    static func enter() -> Bool {
        guard !isRaw.load(ordering: .relaxed), tcgetattr(STDIN_FILENO, saved) == 0 else { return false }
        for number in deadly {
            signal(number) { number in
                RawTerminal.leave()
                Glibc.signal(number, SIG_DFL)
                raise(number)
            }
        }
        var raw = saved.pointee
        cfmakeraw(&raw)
        isRaw.store(true, ordering: .sequentiallyConsistent)
        return tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) == 0
    }

    /// Puts back what `enter` found; does nothing else than what a signal handler may.
    static func leave() {
        guard isRaw.exchange(false, ordering: .sequentiallyConsistent) else { return }
        // At once: what waits to be printed may wait for ever.
        tcsetattr(STDIN_FILENO, TCSANOW, saved)
    }
}
