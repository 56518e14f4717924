internal import Glibc

/// Copies a file beside its destination and renames it, so that a cut-off copy is never taken for the file.
enum FileCopy {
    static func copy(_ source: String, to destination: String) throws(FileError) {
        let input = open(source, O_RDONLY | O_CLOEXEC)
        guard input >= 0 else { throw FileError(path: source, operation: "read", number: errno) }
        defer { close(input) }
        let temporary = "\(destination).\(getpid()).part"
        let output = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard output >= 0 else { throw FileError(path: temporary, operation: "write", number: errno) }
        defer { close(output) }
        do {
            try transfer(from: input, to: output, destination)
        } catch {
            unlink(temporary)
            throw error
        }
        guard fsync(output) == 0, rename(temporary, destination) == 0 else {
            let number = errno
            unlink(temporary)
            throw FileError(path: destination, operation: "copy to", number: number)
        }
    }

    private static func transfer(from input: Int32, to output: Int32, _ name: String) throws(FileError) {
        var piece = [UInt8](repeating: 0, count: 1 << 20)
        while true {
            let count = read(input, &piece, piece.count)
            if count == 0 { return }
            guard count > 0 || errno == EINTR else { throw FileError(path: name, operation: "copy to", number: errno) }
            if count > 0 { try DiskFile.writeAll(Array(piece[..<count]), to: output, path: name) }
        }
    }
}
