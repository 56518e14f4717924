import Glibc

/// Ends a wait from another thread.
final class WakeSignal: Sendable {
    /// Becomes readable, and stays so, once the signal was raised.
    let number: Int32
    private let writingEnd: Int32

    init() throws(PKIError) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw .system("make", "pipe") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        number = ends[0]
        writingEnd = ends[1]
    }

    deinit {
        close(number)
        close(writingEnd)
    }

    func raise() {
        var byte: UInt8 = 1
        _ = write(writingEnd, &byte, 1)
    }
}
