internal import Glibc

/// Paths of the controller: joining, looking, listing.
package enum DiskPath {
    package static func join(_ folder: String, _ name: String) -> String {
        if name.hasPrefix("/") || folder.isEmpty { return name }
        return folder.hasSuffix("/") ? folder + name : folder + "/" + name
    }

    package static func parent(_ path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    package static func lastComponent(_ path: String) -> String {
        path.split(separator: "/").last.map(String.init) ?? path
    }

    /// Whether an absolute path is a folder, or in it; both as they are written, links aside.
    static func isWithin(_ path: String, _ folder: String) -> Bool {
        func parts(_ path: String) -> [Substring] { path.split(separator: "/").filter { $0 != "." } }
        return path.hasPrefix("/") && parts(path).starts(with: parts(folder))
    }

    /// `~` and `~/…` stand for the home directory.
    package static func expandingHome(_ path: String) -> String {
        guard path == "~" || path.hasPrefix("~/") else { return path }
        return home + path.dropFirst()
    }

    /// The home directory of the user who runs this.
    package static var home: String {
        if let value = getenv("HOME"), value.pointee != 0 { return String(cString: value) }
        guard let record = getpwuid(getuid()), let folder = record.pointee.pw_dir else { return "/root" }
        return String(cString: folder)
    }

    /// The path made absolute against the working directory.
    package static func absolute(_ path: String) -> String {
        if path.hasPrefix("/") { return path }
        guard let buffer = getcwd(nil, 0) else { return path }
        defer { free(buffer) }
        return path == "." ? String(cString: buffer) : join(String(cString: buffer), path)
    }

    package static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    package static func isDirectory(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    package static func isFile(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    }

    /// Size in bytes, nil when there is no such file.
    package static func size(_ path: String) -> Int? {
        var status = stat()
        return stat(path, &status) == 0 ? Int(status.st_size) : nil
    }

    /// Permission bits, nil when there is no such file.
    static func mode(_ path: String) -> UInt32? {
        var status = stat()
        return stat(path, &status) == 0 ? status.st_mode & 0o777 : nil
    }

    /// When the content changed last, in nanoseconds since 1970; nil when there is no such file.
    static func modified(_ path: String) -> Int? {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        return status.st_mtim.tv_sec * 1_000_000_000 + status.st_mtim.tv_nsec
    }

    /// The names in a directory, sorted; empty when it cannot be read.
    package static func list(_ path: String) -> [String] {
        guard let directory = opendir(path) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// Makes a directory and its parents.
    package static func makeDirectory(_ path: String, mode: UInt32 = 0o755) throws(FileError) {
        if isDirectory(path) { return }
        let above = parent(path)
        if above != path && !isDirectory(above) { try makeDirectory(above, mode: mode) }
        if mkdir(path, mode) != 0 && errno != EEXIST {
            throw FileError(path: path, operation: "make the directory", number: errno)
        }
    }

    package static func remove(_ path: String) { unlink(path) }

    /// Removes an empty directory.
    package static func removeDirectory(_ path: String) { rmdir(path) }
}
