internal import Glibc
package import Values

/// What went wrong with a file of the fleet directory, with its path and the system's reason.
package struct FileError: Error, Sendable {
    package let path: String
    package let operation: String
    package let number: Int32

    package var diagnostic: Diagnostic {
        .error("cannot \(operation) \"\(path)\": \(String(cString: strerror(number)))")
    }
}

/// Reading, and atomic writing, of the controller's own files.
package enum DiskFile {
    /// The whole file.
    /// - Throws: ``FileError``; a file past `limit` bytes counts as `EFBIG`.
    package static func read(_ path: String, limit: Int = 256 << 20) throws(FileError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileError(path: path, operation: "read", number: errno) }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count < 0 {
                if errno == EINTR { continue }
                throw FileError(path: path, operation: "read", number: errno)
            }
            if count == 0 { return bytes }
            bytes.append(contentsOf: chunk[..<count])
            if bytes.count > limit { throw FileError(path: path, operation: "read", number: EFBIG) }
        }
    }

    /// The first bytes of a file, fewer when it is shorter.
    package static func front(_ path: String, count: Int) throws(FileError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileError(path: path, operation: "read", number: errno) }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: count)
        let got = Glibc.read(descriptor, &bytes, count)
        guard got >= 0 else { throw FileError(path: path, operation: "read", number: errno) }
        return Array(bytes[..<got])
    }

    /// Bytes from somewhere in a file; fewer at its end, none behind it.
    static func piece(_ path: String, at offset: Int, count: Int) throws(FileError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileError(path: path, operation: "read", number: errno) }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: count)
        let got = pread(descriptor, &bytes, count, offset)
        guard got >= 0 else { throw FileError(path: path, operation: "read", number: errno) }
        return Array(bytes[..<got])
    }

    /// The file as text; bytes that are no UTF-8 are replaced.
    package static func readText(_ path: String) throws(FileError) -> String {
        String(decoding: try read(path), as: UTF8.self)
    }

    /// Replaces a file in one step: a temporary file beside it, written, synced and renamed over it.
    package static func write(_ bytes: [UInt8], to path: String, mode: UInt32 = 0o644) throws(FileError) {
        let temporary = "\(path).\(getpid()).\(UInt32.random(in: 0 ... .max)).new"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw FileError(path: path, operation: "write", number: errno) }
        do {
            try writeAll(bytes, to: descriptor, path: path)
            guard fchmod(descriptor, mode) == 0, fsync(descriptor) == 0 else {
                throw FileError(path: path, operation: "write", number: errno)
            }
            close(descriptor)
            guard rename(temporary, path) == 0 else {
                throw FileError(path: path, operation: "replace", number: errno)
            }
            syncDirectory(of: path)
        } catch let error as FileError {
            unlink(temporary)
            throw error
        } catch {
            unlink(temporary)
            throw FileError(path: path, operation: "write", number: EIO)
        }
    }

    /// Adds to the end of a file and waits until it is on the disk: what a journal needs before the step it announces.
    /// - Parameter mayMake: whether the file is made where there is none; else that is `ENOENT`.
    package static func append(
        _ bytes: [UInt8], to path: String, mayMake: Bool = true, mode: UInt32 = 0o600
    ) throws(FileError) {
        let descriptor = open(path, O_WRONLY | (mayMake ? O_CREAT : 0) | O_APPEND | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw FileError(path: path, operation: "append to", number: errno) }
        defer { close(descriptor) }
        try writeAll(bytes, to: descriptor, path: path)
        guard fsync(descriptor) == 0 else { throw FileError(path: path, operation: "sync", number: errno) }
    }

    static func writeAll(_ bytes: [UInt8], to descriptor: Int32, path: String) throws(FileError) {
        var offset = 0
        while offset < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                Glibc.write(descriptor, buffer.baseAddress?.advanced(by: offset), bytes.count - offset)
            }
            if count < 0 {
                if errno == EINTR { continue }
                throw FileError(path: path, operation: "write", number: errno)
            }
            offset += count
        }
    }

    /// Gives a finished file its permissions and its name, over one that is there.
    static func move(_ part: String, to path: String, mode: UInt32) throws(FileError) {
        guard chmod(part, mode) == 0, rename(part, path) == 0 else {
            throw FileError(path: path, operation: "replace", number: errno)
        }
        syncDirectory(of: path)
    }

    /// A rename is only durable once its directory is.
    static func syncDirectory(of path: String) {
        let folder = DiskPath.parent(path)
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }
}
