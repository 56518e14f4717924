import Glibc

/// The right to change an authority, held by one process at a time until the value goes.
struct StoreLock: ~Copyable {
    private let file: OpenFile

    /// Waits for the lock on the calling thread.
    ///
    /// - Throws: `locked` if others keep it for longer than `seconds`.
    init(_ path: String, seconds: Int = 60) throws(PKIError) {
        let file = try OpenFile(path, O_RDWR | O_CREAT)
        let deadline = ContinuousClock.now + .seconds(seconds)
        while flock(file.number, LOCK_EX | LOCK_NB) != 0 {
            let reason = errno
            guard reason == EWOULDBLOCK || reason == EINTR else { throw .system("lock", path, errno: reason) }
            guard ContinuousClock.now < deadline else {
                throw PKIError(
                    .locked, "another process has held the lock '\(path)' for \(seconds) seconds",
                    hint: "see who: fuser '\(path)'", path: path)
            }
            usleep(10_000)
        }
        self.file = file
    }

    /// Runs `body` under the lock.
    borrowing func hold<R>(_ body: () throws(PKIError) -> R) throws(PKIError) -> R { try body() }
}
