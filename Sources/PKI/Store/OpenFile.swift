import Glibc

/// An open file descriptor that is closed with its owner.
struct OpenFile: ~Copyable {
    let number: Int32
    private let path: String

    /// Opens without following a link in the last place; what it creates has mode 0600.
    init(_ path: String, _ flags: Int32) throws(PKIError) {
        let opened = open(path, flags | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard opened >= 0 else {
            let reason = errno
            if reason == ENOENT { throw PKIError(.missing, "'\(path)' does not exist", path: path, number: reason) }
            throw .system("open", path, errno: reason)
        }
        number = opened
        self.path = path
    }

    deinit { close(number) }

    func info() throws(PKIError) -> stat {
        var info = stat()
        guard fstat(number, &info) == 0 else { throw .system("examine", path) }
        return info
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws(PKIError) {
        var done = 0
        while done < bytes.count {
            let count = Glibc.write(number, bytes.baseAddress.map { $0 + done }, bytes.count - done)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw .system("write", path) }
            done += count
        }
    }

    func sync() throws(PKIError) {
        guard fsync(number) == 0 else { throw .system("write to disk", path) }
    }

    func truncate(to size: Int) throws(PKIError) {
        guard ftruncate(number, size) == 0 else { throw .system("shorten", path) }
        try sync()
    }
}
