internal import Glibc

/// A file of the image store that is being made. It is locked while its maker lives, so that what a killed one left is
/// known for that and swept.
final class WorkFile: Sendable {
    let path: String
    private let descriptor: Int32
    private static let suffix = ".work"

    /// Makes an empty one, and sweeps those that nobody works on any more.
    init(in directory: String) throws(FileError) {
        try DiskPath.makeDirectory(directory, mode: 0o700)
        Self.sweep(directory)
        path = DiskPath.join(directory, Nonce.make().prefix(16) + Self.suffix)
        descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw FileError(path: path, operation: "write", number: errno) }
        flock(descriptor, LOCK_EX)
    }

    /// Gives the file the name under which it is kept, whole and on the disk.
    func keep(as destination: String) throws(FileError) {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw FileError(path: path, operation: "read", number: errno) }
        defer { close(file) }
        guard fsync(file) == 0, chmod(path, 0o600) == 0, rename(path, destination) == 0 else {
            throw FileError(path: destination, operation: "keep", number: errno)
        }
        DiskFile.syncDirectory(of: destination)
    }

    deinit {
        unlink(path)
        close(descriptor)
    }

    /// - Returns: how many were removed.
    @discardableResult
    static func sweep(_ directory: String) -> Int {
        var count = 0
        for name in DiskPath.list(directory) where name.hasSuffix(suffix) {
            let path = DiskPath.join(directory, name)
            let descriptor = open(path, O_RDWR | O_CLOEXEC)
            guard descriptor >= 0 else { continue }
            if flock(descriptor, LOCK_EX | LOCK_NB) == 0 && unlink(path) == 0 { count += 1 }
            close(descriptor)
        }
        return count
    }
}
