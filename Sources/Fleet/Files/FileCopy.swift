internal import Glibc

/// Copies a file over an empty one; zeros become holes.
enum FileCopy {
    static func copy(_ source: String, to destination: String) throws(FileError) {
        let input = open(source, O_RDONLY | O_CLOEXEC)
        guard input >= 0 else { throw FileError(path: source, operation: "read", number: errno) }
        defer { close(input) }
        let file = try SparseFile(destination)
        try file.fill(from: input, limit: .max)
        try file.finish()
    }
}
