internal import Glibc
package import Values

/// Keeps two processes from carrying out the same kind of operation on one fleet directory. Let go of when the process
/// ends, however it ends.
package final class OperationLock: Sendable {
    private let descriptor: Int32

    /// - Parameter kind: what is locked, as a file name.
    /// - Throws: ``OperationLocked`` while another process holds it; ``FileError``.
    package init(_ fleet: FleetDirectory, _ kind: String) throws {
        try DiskPath.makeDirectory(fleet.memory, mode: 0o700)
        let path = DiskPath.join(fleet.memory, kind + ".lock")
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw FileError(path: path, operation: "open", number: errno) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let number = errno
            close(descriptor)
            if number == EWOULDBLOCK { throw OperationLocked(kind: kind) }
            throw FileError(path: path, operation: "lock", number: number)
        }
        self.descriptor = descriptor
    }

    deinit {
        // Said aloud, because a child between fork and exec has the descriptor too.
        flock(descriptor, LOCK_UN)
        close(descriptor)
    }
}

/// Another process is at it.
package struct OperationLocked: Error, Sendable {
    package let kind: String

    package var diagnostic: Diagnostic {
        .error(
            "another process is carrying out a \"\(kind)\" operation on this fleet", hint: "wait until it has ended")
    }
}
