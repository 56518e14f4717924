internal import Glibc

/// A directory in memory that only its owner may look into: for secrets on their way.
struct PrivateFolder: ~Copyable {
    let path: String

    /// Makes it on a tmpfs of this machine; what a process that is gone left there is removed.
    init() throws(FileError) {
        let base = Self.base
        Self.sweep()
        var template = Array("\(DiskPath.join(base, Self.prefix))\(getpid()).XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw FileError(path: base, operation: "make a private directory in", number: errno)
        }
        path = String(decoding: template.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit { Self.empty(path) }

    func file(_ name: String) -> String { DiskPath.join(path, name) }

    private static let prefix = ".drover-private."

    /// systemd's directory of the user, else the shared memory that every Linux has.
    private static var base: String {
        if let own = getenv("XDG_RUNTIME_DIR").map({ String(cString: $0) }), DiskPath.isDirectory(own) { return own }
        return DiskPath.isDirectory("/dev/shm") ? "/dev/shm" : "/tmp"
    }

    /// Removes what processes that are gone left.
    static func sweep() {
        let base = base
        for name in DiskPath.list(base) where name.hasPrefix(prefix) {
            guard let owner = name.dropFirst(prefix.count).split(separator: ".").first.flatMap({ pid_t($0) }),
                kill(owner, 0) != 0, errno == ESRCH
            else { continue }
            var status = stat()
            let path = DiskPath.join(base, name)
            guard lstat(path, &status) == 0, status.st_uid == geteuid(), status.st_mode & S_IFMT == S_IFDIR else {
                continue
            }
            empty(path)
        }
    }

    /// It holds files and one level of directories, never more.
    private static func empty(_ path: String) {
        for name in DiskPath.list(path) {
            let inner = DiskPath.join(path, name)
            guard unlink(inner) != 0 else { continue }
            for file in DiskPath.list(inner) { DiskPath.remove(DiskPath.join(inner, file)) }
            DiskPath.removeDirectory(inner)
        }
        DiskPath.removeDirectory(path)
    }
}
