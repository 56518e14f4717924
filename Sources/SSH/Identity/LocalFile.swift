import Glibc

/// Small local files: private keys and known_hosts.
enum LocalFile {
    enum Problem: Error {
        case missing
        case tooLarge
        /// Others may read it, and it is ours: the mode.
        case exposed(mode: UInt32)
        case system(Int32)
    }

    static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    /// The whole file.
    ///
    /// - Parameter secret: Refuse a file of this user's that group or others can reach, as OpenSSH does.
    static func read(_ path: String, limit: Int, secret: Bool = false) throws(Problem) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY)
        guard descriptor >= 0 else { throw errno == ENOENT ? .missing : .system(errno) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .system(errno) }
        if secret, status.st_mode & 0o077 != 0, status.st_uid == getuid() {
            throw .exposed(mode: status.st_mode & 0o777)
        }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .system(errno) }
            guard count > 0 else { return bytes }
            bytes.append(contentsOf: chunk[..<count])
            guard bytes.count <= limit else { throw .tooLarge }
        }
    }
}
