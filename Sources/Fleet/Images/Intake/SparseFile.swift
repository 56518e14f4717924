internal import Glibc

/// A file that is written from its beginning to its end, where zeros become holes.
final class SparseFile {
    private let descriptor: Int32
    private let path: String
    private(set) var length = 0
    /// Bytes that were not holes.
    private(set) var written = 0
    /// Small enough to find the holes of a disk's blocks, large enough to be quick.
    private static let block = 64 << 10

    /// - Parameter path: a file that exists; it is emptied.
    init(_ path: String) throws(FileError) {
        descriptor = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC)
        self.path = path
        guard descriptor >= 0 else { throw FileError(path: path, operation: "write", number: errno) }
    }

    deinit { close(descriptor) }

    func write(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
        var offset = 0
        while offset < bytes.count {
            let piece = UnsafeRawBufferPointer(rebasing: bytes[offset..<min(bytes.count, offset + Self.block)])
            if !Self.isZero(piece) { try put(piece) }
            offset += piece.count
            length += piece.count
        }
    }

    /// Gives the file its length and waits for the disk.
    func finish() throws(FileError) {
        guard ftruncate(descriptor, off_t(length)) == 0, fsync(descriptor) == 0 else {
            throw FileError(path: path, operation: "write", number: errno)
        }
    }

    private func put(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
        var done = 0
        while done < bytes.count {
            let count = pwrite(
                descriptor, bytes.baseAddress?.advanced(by: done), bytes.count - done, off_t(length) + off_t(done))
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw FileError(path: path, operation: "write", number: errno) }
            done += count
        }
        written += done
    }

    private static func isZero(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let start = bytes.baseAddress, bytes.first == 0 else { return bytes.isEmpty }
        return memcmp(start, start.advanced(by: 1), bytes.count - 1) == 0
    }
}

extension SparseFile {
    /// Takes all that a descriptor gives, to its end. Blocks.
    /// - Parameter limit: `EFBIG` when there is more than this.
    func fill(from input: Int32, limit: Int) throws(FileError) {
        let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)
        defer { piece.deallocate() }
        while true {
            // A pipe gives little at a time; whole blocks find the holes.
            var count = 0
            while count < piece.count {
                let got = read(input, piece.baseAddress?.advanced(by: count), piece.count - count)
                if got < 0 && errno == EINTR { continue }
                guard got >= 0 else { throw FileError(path: path, operation: "read into", number: errno) }
                if got == 0 { break }
                count += got
            }
            if length + count > limit { throw FileError(path: path, operation: "write", number: EFBIG) }
            try write(UnsafeRawBufferPointer(rebasing: piece[..<count]))
            if count < piece.count { return }
        }
    }
}
