internal import Glibc

/// The parts of an image file that hold data, cut so that hosts can pass them on while others are still on their way.
/// What lies between them is holes, which never travel.
enum ImagePieces {
    // Linux's numbers; the header shows them only to those who define _GNU_SOURCE.
    private static let seekData: Int32 = 3
    private static let seekHole: Int32 = 4
    /// Pieces begin on a multiple of this, so that they are put in place block by block.
    static let alignment: UInt64 = 64 << 10
    /// Many pieces keep all links busy, few cost less: each begins with a TLS handshake.
    private static let wanted: UInt64 = 24

    /// - Throws: ``FileError``. Blocks.
    static func of(_ path: String) throws(FileError) -> [Range<UInt64>] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileError(path: path, operation: "read", number: errno) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw FileError(path: path, operation: "read", number: errno) }
        let size = UInt64(status.st_size)
        let length = length(data: min(size, UInt64(status.st_blocks) * 512))
        var pieces: [Range<UInt64>] = []
        var offset: UInt64 = 0
        while offset < size, let data = data(behind: offset, descriptor, size) {
            let start = data.lowerBound / alignment * alignment
            let limit = min(size, start + length)
            // To the last data before the limit.
            var end = min(data.upperBound, limit)
            while end < limit, let next = self.data(behind: end, descriptor, size), next.lowerBound < limit {
                end = min(next.upperBound, limit)
            }
            pieces.append(start..<end)
            offset = end
        }
        return pieces
    }

    private static func length(data: UInt64) -> UInt64 {
        let mebibyte: UInt64 = 1 << 20
        let even = (data / wanted + mebibyte) / mebibyte * mebibyte
        return min(max(even, 4 * mebibyte), 256 * mebibyte)
    }

    /// The next data at or behind an offset; all that is left on a file system that does not tell.
    private static func data(behind offset: UInt64, _ descriptor: Int32, _ size: UInt64) -> Range<UInt64>? {
        let start = lseek(descriptor, off_t(offset), seekData)
        guard start >= 0 else { return errno == ENXIO || offset >= size ? nil : offset..<size }
        let end = lseek(descriptor, start, seekHole)
        return UInt64(start)..<(end > start ? min(UInt64(end), size) : size)
    }
}
