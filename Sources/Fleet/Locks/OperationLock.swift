internal import Glibc
package import Values

/// Keeps two processes from working on the same thing of one fleet directory: a VM, the authority's rotation. Let go of
/// when the process ends, however it ends; so what `op recover` can take is nobody's any more.
package final class OperationLock: Sendable {
    private let descriptor: Int32

    /// All that is done to a VM of this name.
    package convenience init(_ fleet: FleetDirectory, machine name: String) throws {
        try self.init(fleet, "vm-\(name)", meaning: "the VM \"\(name)\"")
    }

    /// - Parameters:
    ///   - subject: what is locked, as a file name.
    ///   - meaning: what it is called in messages.
    /// - Throws: ``OperationLocked`` while another process holds it; ``FileError``.
    package init(_ fleet: FleetDirectory, _ subject: String, meaning: String) throws {
        let folder = DiskPath.join(fleet.memory, "locks")
        try DiskPath.makeDirectory(folder, mode: 0o700)
        let path = DiskPath.join(folder, subject)
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw FileError(path: path, operation: "open", number: errno) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let number = errno
            close(descriptor)
            if number == EWOULDBLOCK { throw OperationLocked(meaning: meaning) }
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
    package let meaning: String
    /// Who it is, where a host told; nil for a process that works with the same fleet directory.
    var holder: LockHolder?
    /// The host on which the lock is.
    var host: String?

    package var diagnostic: Diagnostic {
        guard let holder else {
            return .error("another process is at work on \(meaning)", hint: "wait until it has ended")
        }
        return .error(
            "\(holder.who) is at work on \(meaning)",
            detail: "\(holder.operation), process \(holder.process ?? 0), since \(Clock.iso(Clock.now - holder.age))",
            hint: "wait until it has ended; what a killed process left ends by itself within a minute", host: host)
    }
}
