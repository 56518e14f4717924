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
        while true {
            let count = copy_file_range(input, nil, output, nil, 1 << 24, 0)
            if count == 0 { break }
            if count < 0 {
                let number = errno
                if number == EINTR { continue }
                unlink(temporary)
                throw FileError(path: destination, operation: "copy to", number: number)
            }
        }
        guard fsync(output) == 0, rename(temporary, destination) == 0 else {
            let number = errno
            unlink(temporary)
            throw FileError(path: destination, operation: "copy to", number: number)
        }
    }
}
