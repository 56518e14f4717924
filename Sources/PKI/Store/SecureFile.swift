import Glibc

/// Reading and replacing files that only their owner may see.
enum SecureFile {
    /// Makes a directory with mode 0700; one that is there already is left as it is.
    static func makeDirectory(_ path: String) throws(PKIError) {
        guard mkdir(path, 0o700) != 0, errno != EEXIST else { return }
        throw .system("create directory", path)
    }

    static func exists(_ path: String) -> Bool {
        var info = stat()
        return lstat(path, &info) == 0
    }

    static func size(_ path: String) throws(PKIError) -> Int {
        var info = stat()
        guard lstat(path, &info) == 0 else { throw .system("examine", path) }
        return info.st_size
    }

    /// Reads a whole file into memory that is wiped afterwards.
    ///
    /// - Throws: `missing` if there is none, `permissions` if others could read it.
    static func read(_ path: String, from offset: Int = 0) throws(PKIError) -> SecretMemory {
        let file = try OpenFile(path, O_RDONLY)
        let info = try file.info()
        if let problem = Permissions.problem(path, info) { throw problem }
        return try SecretMemory(count: max(0, info.st_size - offset)) { (memory) throws(PKIError) in
            var done = 0
            while done < memory.count {
                let count = pread(file.number, memory.baseAddress.map { $0 + done }, memory.count - done, offset + done)
                if count < 0, errno == EINTR { continue }
                guard count >= 0 else { throw .system("read", path) }
                guard count > 0 else { throw PKIError(.damaged, "'\(path)' shrank while it was read", path: path) }
                done += count
            }
        }
    }

    static func text(_ path: String) throws(PKIError) -> String {
        try read(path).withBytes { String(decoding: $0, as: UTF8.self) }
    }

    /// Replaces a file in one step: readers see the old or the new bytes, whatever happens in between.
    static func replace(_ path: String, with bytes: UnsafeRawBufferPointer) throws(PKIError) {
        let parts = try split(path)
        let temporary = "\(parts.directory)/\(temporaryPrefix)\(parts.name).\(Hex.text(try GnuTLS.random(6)))"
        do throws(PKIError) {
            let file = try OpenFile(temporary, O_WRONLY | O_CREAT | O_EXCL)
            try file.write(bytes)
            try file.sync()
        } catch {
            unlink(temporary)
            throw error
        }
        guard rename(temporary, path) == 0 else {
            let error = PKIError.system("replace", path)
            unlink(temporary)
            throw error
        }
        try syncDirectory(parts.directory)
    }

    static func replace(_ path: String, with text: String) throws(PKIError) {
        try replace(path, with: Array(text.utf8))
    }

    static func replace(_ path: String, with bytes: [UInt8]) throws(PKIError) {
        let memory = SecretMemory(copying: bytes)
        try memory.withBytes { (bytes) throws(PKIError) in try replace(path, with: bytes) }
    }

    /// Makes renames and new files in a directory survive a power cut.
    static func syncDirectory(_ path: String) throws(PKIError) {
        try OpenFile(path, O_RDONLY | O_DIRECTORY).sync()
    }

    /// Names of what a directory holds, sorted, without `.` and `..`.
    static func names(in directory: String) throws(PKIError) -> [String] {
        guard let stream = opendir(directory) else { throw .system("list", directory) }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// How half-written files begin, so that the next run can sweep what a killed one left.
    static let temporaryPrefix = ".writing-"

    private static func split(_ path: String) throws(PKIError) -> (directory: String, name: Substring) {
        guard let slash = path.lastIndex(of: "/") else {
            throw PKIError(.invalidInput, "'\(path)' has no directory", path: path)
        }
        return (String(path[..<slash]), path[path.index(after: slash)...])
    }
}
