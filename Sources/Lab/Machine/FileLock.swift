import Glibc

/// An exclusive lock that ends with its holder, however that ends.
final class FileLock: Sendable {
    private let descriptor: Int32

    private init(descriptor: Int32) { self.descriptor = descriptor }

    deinit { close(descriptor) }

    /// Takes the lock, waiting for whoever holds it; `waiting` is called once if there is somebody.
    static func take(_ path: String, waiting: @Sendable () -> Void = {}) async throws(LabError) -> FileLock {
        var announced = false
        while true {
            let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
            guard descriptor >= 0 else {
                throw LabError(.system, "cannot open \"\(path)\"", detail: String(cString: strerror(errno)))
            }
            let lock = FileLock(descriptor: descriptor)
            if flock(descriptor, LOCK_EX | LOCK_NB) == 0 {
                if lock.isStill(path) { return lock }
                continue
            }
            if !announced { waiting() }
            announced = true
            do { try await Task.sleep(for: .milliseconds(100)) } catch { throw LabError(.cancelled, "cancelled") }
        }
    }

    /// False when the file was removed while somebody waited for it, and the lock protects nothing.
    private func isStill(_ path: String) -> Bool {
        var mine = stat()
        var there = stat()
        return fstat(descriptor, &mine) == 0 && stat(path, &there) == 0 && mine.st_ino == there.st_ino
    }
}
