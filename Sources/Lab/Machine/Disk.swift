import Glibc

/// Small files and directories of the machine.
enum Disk {
    static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    /// The text of a file, nil when there is none; reads at most a mebibyte.
    static func read(_ path: String) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16_384)
        while bytes.count < 1 << 20 {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            guard count > 0 else { break }
            bytes += buffer[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Replaces a file in one step.
    static func write(_ path: String, _ text: String, mode: mode_t = 0o644) throws(LabError) {
        let fresh = path + ".new"
        let descriptor = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
        guard descriptor >= 0, fchmod(descriptor, mode) == 0 else { throw refusal("write", fresh) }
        let bytes = Array(text.utf8)
        var written = 0
        while written < bytes.count {
            let count = bytes[written...].withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else {
                close(descriptor)
                throw refusal("write", fresh)
            }
            written += count
        }
        close(descriptor)
        guard rename(fresh, path) == 0 else { throw refusal("replace", path) }
    }

    /// Makes a directory and what is missing above it.
    static func makeFolder(_ path: String, mode: mode_t = 0o755) throws(LabError) {
        if exists(path) { return }
        if let slash = path.lastIndex(of: "/"), slash != path.startIndex { try makeFolder(String(path[..<slash])) }
        if mkdir(path, mode) != 0 {
            if errno == EEXIST { return }
            throw refusal("make", path)
        }
        guard chmod(path, mode) == 0 else { throw refusal("open", path) }  // whatever this process masks
    }

    /// The names in a directory, sorted; empty when there is none.
    static func list(_ path: String) -> [String] {
        guard let folder = opendir(path) else { return [] }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// Where a symbolic link points, or nil.
    static func linkTarget(_ path: String) -> String? {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = buffer.withUnsafeMutableBytes { bytes in
            bytes.bindMemory(to: CChar.self).baseAddress.map { readlink(path, $0, bytes.count) } ?? 0
        }
        return count > 0 ? String(decoding: buffer[..<count], as: UTF8.self) : nil
    }

    /// Removes a file, if it is there.
    static func remove(_ path: String) { unlink(path) }

    /// Removes a directory with all in it, if it is there; never crosses into another filesystem.
    static func removeTree(_ path: String) async throws(LabError) {
        guard exists(path) else { return }
        for mount in Mounts.below(path).reversed() { umount2(mount, Int32(MNT_DETACH)) }
        try await Tool.run(["rm", "-rf", "--one-file-system", "--", path])
    }

    private static func refusal(_ verb: String, _ path: String) -> LabError {
        LabError(.system, "cannot \(verb) \"\(path)\"", detail: String(cString: strerror(errno)))
    }
}

/// What is mounted, as this process sees it.
enum Mounts {
    /// The mount points at and under a directory, in the order they were mounted.
    static func below(_ folder: String) -> [String] {
        points(in: Disk.read("/proc/self/mountinfo") ?? "").filter { $0 == folder || $0.hasPrefix(folder + "/") }
    }

    /// The mount points of a `mountinfo` text.
    static func points(in text: String) -> [String] {
        text.split(separator: "\n").compactMap { line in
            let fields = line.split(separator: " ")
            return fields.count > 4 ? String(fields[4]) : nil
        }
    }
}
