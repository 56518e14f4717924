internal import CLibvirt
internal import Glibc
internal import Synchronization

/// How far an upload is, in bytes of the local file; holes count.
public struct UploadProgress: Sendable, Hashable {
    public var sent: UInt64
    public var total: UInt64

    public init(sent: UInt64, total: UInt64) {
        self.sent = sent
        self.total = total
    }
}

extension HypervisorConnection {
    /// Sends a local file into a volume, byte for byte, and checks that the volume is as long as the file.
    ///
    /// Holes of the file are not sent where the host can take them so. Cancelling the task ends it between two chunks;
    /// the volume's contents are then worthless.
    ///
    /// - Parameters:
    ///   - path: the local file.
    ///   - name: a volume that exists; raw and of the file's size, whatever the file's format.
    ///   - range: the bytes of the file to send to the same place of the volume; nil: all of them.
    ///   - progress: called on the transfer's thread, some times a second at most.
    public func upload(
        _ path: String, to name: String, in pool: String, range: Range<UInt64>? = nil,
        progress: @escaping @Sendable (UploadProgress) -> Void = { _ in }
    ) async throws(HypervisorError) {
        let cancelled = TransferCancellation()
        let operation = "upload \"\(path)\" to volume \"\(name)\" in pool \"\(pool)\""
        let outcome: Result<Void, HypervisorError> = await withTaskCancellationHandler {
            do throws(HypervisorError) {
                try await longCall(operation) { call throws(HypervisorError) -> Void in
                    let file = try LocalFile(path, for: call)
                    try call.volume(name, in: pool) { volume throws(HypervisorError) in
                        let range = (range ?? 0..<file.size).clamped(to: 0..<file.size)
                        let upload = Upload(
                            call: call, file: file, volume: volume, range: range, progress: progress,
                            cancelled: cancelled)
                        try upload.send()
                    }
                }
                return .success(())
            } catch {
                return .failure(error)
            }
        } onCancel: {
            cancelled.set()
        }
        try outcome.get()
    }
}

/// Tells a transfer's thread that its task was cancelled.
final class TransferCancellation: Sendable {
    private let flag = Atomic(false)
    var isSet: Bool { flag.load(ordering: .relaxed) }
    func set() { flag.store(true, ordering: .relaxed) }
}

/// A local file open for reading; closed when it is let go.
private final class LocalFile {
    let descriptor: Int32
    let size: UInt64

    init(_ path: String, for call: Call) throws(HypervisorError) {
        let opened = Glibc.open(path, O_RDONLY | O_CLOEXEC)
        guard opened >= 0 else {
            throw call.failure(.localFile, "cannot open \"\(path)\": \(String(cString: strerror(errno)))")
        }
        var status = stat()
        guard fstat(opened, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            Glibc.close(opened)
            throw call.failure(.localFile, "\"\(path)\" is not a regular file")
        }
        descriptor = opened
        size = UInt64(status.st_size)
    }

    deinit { Glibc.close(descriptor) }
}

/// One transfer, on its own thread.
private struct Upload {
    let call: Call
    let file: LocalFile
    let volume: virStorageVolPtr
    var range: Range<UInt64>
    var progress: @Sendable (UploadProgress) -> Void
    let cancelled: TransferCancellation
    private static let chunk = 256 << 10
    /// Holes shorter than this travel as zeros where each would cost a stream.
    private static let smallHole: UInt64 = 64 << 10
    // Linux's numbers; the header shows them only to those who define _GNU_SOURCE.
    private static let seekData: Int32 = 3
    private static let seekHole: Int32 = 4

    func send() throws(HypervisorError) {
        if range.lowerBound == 0 && range.upperBound == file.size {
            try send(try begin())
        } else {
            try sendPieces()
        }
        try verify()
    }

    /// A host cuts a volume off behind a hole that is sent, so a part of a file goes as one plain stream for each piece
    /// of data in it.
    private func sendPieces() throws(HypervisorError) {
        var offset = range.lowerBound
        while offset < range.upperBound {
            let start: UInt64
            var end: UInt64
            (start, end) = try dataRange(from: offset, sparse: true)
            while end < range.upperBound {
                let next = try dataRange(from: end, sparse: true)
                guard next.0 - end < Self.smallHole, next.1 > next.0 else { break }
                end = next.1
            }
            offset = end
            guard start < end else { break }
            var piece = self
            piece.range = start..<end
            piece.progress = { [progress, range] step in
                progress(UploadProgress(sent: start - range.lowerBound + step.sent, total: UInt64(range.count)))
            }
            let stream = try call.require(virStreamNew(call.connection, 0))
            guard virStorageVolUpload(volume, stream, start, end - start, 0) == 0 else {
                let failure = call.failure()
                virStreamFree(stream)
                throw failure
            }
            try piece.send((stream, sparse: false))
        }
        progress(UploadProgress(sent: UInt64(range.count), total: UInt64(range.count)))
    }

    /// Sends the range, and lets the stream go.
    private func send(_ begun: (stream: virStreamPtr, sparse: Bool)) throws(HypervisorError) {
        let (stream, sparse) = begun
        defer { virStreamFree(stream) }
        do throws(HypervisorError) {
            try sendAll(to: stream, sparse: sparse)
            try call.check(virStreamFinish(stream))
        } catch {
            virStreamAbort(stream)
            throw error
        }
    }

    /// Sparse where the host can, else plain.
    private func begin() throws(HypervisorError) -> (stream: virStreamPtr, sparse: Bool) {
        for sparse in [true, false] {
            let stream = try call.require(virStreamNew(call.connection, 0))
            let flags = sparse ? UInt32(VIR_STORAGE_VOL_UPLOAD_SPARSE_STREAM.rawValue) : 0
            let length = UInt64(range.count)
            if virStorageVolUpload(volume, stream, range.lowerBound, length, flags) == 0 { return (stream, sparse) }
            let failure = call.failure()
            virStreamFree(stream)
            guard sparse, [.noSupport, .invalidArgument].contains(failure.code) else { throw failure }
        }
        throw call.failure()
    }

    private func sendAll(to stream: virStreamPtr, sparse: Bool) throws(HypervisorError) {
        var offset = range.lowerBound
        var told = EventLoop.now()
        func tell() { progress(UploadProgress(sent: offset - range.lowerBound, total: UInt64(range.count))) }
        tell()
        while offset < range.upperBound {
            let (start, end) = try dataRange(from: offset, sparse: sparse)
            if start > offset { try call.check(virStreamSendHole(stream, Int64(start - offset), 0)) }
            offset = start
            while offset < end {
                if cancelled.isSet { throw call.failure(.cancelled, "cancelled at byte \(offset)") }
                offset += try sendChunk(at: offset, upTo: end, to: stream)
                let now = EventLoop.now()
                if now - told > 100_000_000 {
                    told = now
                    tell()
                }
            }
        }
        tell()
    }

    /// The next piece of data at or behind `offset`; empty at the end of the range when only a hole is left.
    private func dataRange(from offset: UInt64, sparse: Bool) throws(HypervisorError) -> (UInt64, UInt64) {
        let last = range.upperBound
        guard sparse else { return (offset, last) }
        let start = lseek(file.descriptor, off_t(offset), Self.seekData)
        guard start >= 0 else {
            // ENXIO: only a hole is left. Anything else: a file system that does not tell.
            return errno == ENXIO ? (last, last) : (offset, last)
        }
        let end = lseek(file.descriptor, start, Self.seekHole)
        return (min(UInt64(start), last), end > start ? min(UInt64(end), last) : last)
    }

    private func sendChunk(at offset: UInt64, upTo end: UInt64, to stream: virStreamPtr) throws(HypervisorError)
        -> UInt64
    {
        let wanted = min(Self.chunk, Int(end - offset))
        let bytes = [UInt8](unsafeUninitializedCapacity: wanted) { buffer, count in
            count = max(0, pread(file.descriptor, buffer.baseAddress, wanted, off_t(offset)))
        }
        guard !bytes.isEmpty else {
            throw call.failure(.localFile, "the file ends at byte \(offset) of \(file.size): it changed meanwhile")
        }
        var sent = 0
        while sent < bytes.count {
            let status = bytes.withUnsafeBytes { buffer in
                let rest = UnsafeRawBufferPointer(rebasing: buffer[sent...])
                return virStreamSend(stream, rest.baseAddress?.assumingMemoryBound(to: CChar.self), rest.count)
            }
            sent += Int(try call.check(status))
        }
        return UInt64(bytes.count)
    }

    private func verify() throws(HypervisorError) {
        var info = virStorageVolInfo()
        let flags = UInt32(VIR_STORAGE_VOL_GET_PHYSICAL.rawValue)
        try call.check(virStorageVolGetInfoFlags(volume, &info, flags))
        guard info.allocation == file.size else {
            throw call.failure(
                .operationFailed, "the volume has \(info.allocation) bytes, the file \(file.size)")
        }
    }
}
