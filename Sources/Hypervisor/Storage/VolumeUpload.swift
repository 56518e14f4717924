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
    ///   - progress: called on the transfer's thread, some times a second at most.
    public func upload(
        _ path: String, to name: String, in pool: String,
        progress: @escaping @Sendable (UploadProgress) -> Void = { _ in }
    ) async throws(HypervisorError) {
        let cancelled = Cancellation()
        let operation = "upload \"\(path)\" to volume \"\(name)\" in pool \"\(pool)\""
        let outcome: Result<Void, HypervisorError> = await withTaskCancellationHandler {
            do throws(HypervisorError) {
                try await longCall(operation) { call throws(HypervisorError) -> Void in
                    let file = try LocalFile(path, for: call)
                    try call.volume(name, in: pool) { volume throws(HypervisorError) in
                        let upload = Upload(
                            call: call, file: file, volume: volume, progress: progress, cancelled: cancelled)
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

private final class Cancellation: Sendable {
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
    let progress: @Sendable (UploadProgress) -> Void
    let cancelled: Cancellation
    private static let chunk = 256 << 10
    // Linux's numbers; the header shows them only to those who define _GNU_SOURCE.
    private static let seekData: Int32 = 3
    private static let seekHole: Int32 = 4

    func send() throws(HypervisorError) {
        let (stream, sparse) = try begin()
        defer { virStreamFree(stream) }
        do throws(HypervisorError) {
            try sendAll(to: stream, sparse: sparse)
            try call.check(virStreamFinish(stream))
        } catch {
            virStreamAbort(stream)
            throw error
        }
        try verify()
    }

    /// Sparse where the host can, else plain.
    private func begin() throws(HypervisorError) -> (stream: virStreamPtr, sparse: Bool) {
        for sparse in [true, false] {
            let stream = try call.require(virStreamNew(call.connection, 0))
            let flags = sparse ? UInt32(VIR_STORAGE_VOL_UPLOAD_SPARSE_STREAM.rawValue) : 0
            if virStorageVolUpload(volume, stream, 0, file.size, flags) == 0 { return (stream, sparse) }
            let failure = call.failure()
            virStreamFree(stream)
            guard sparse, [.noSupport, .invalidArgument].contains(failure.code) else { throw failure }
        }
        throw call.failure()
    }

    private func sendAll(to stream: virStreamPtr, sparse: Bool) throws(HypervisorError) {
        var offset: UInt64 = 0
        var told = EventLoop.now()
        progress(UploadProgress(sent: 0, total: file.size))
        while offset < file.size {
            let (start, end) = try dataRange(from: offset, sparse: sparse)
            if start > offset { try call.check(virStreamSendHole(stream, Int64(start - offset), 0)) }
            offset = start
            while offset < end {
                if cancelled.isSet { throw call.failure(.cancelled, "cancelled at byte \(offset)") }
                offset += try sendChunk(at: offset, upTo: end, to: stream)
                let now = EventLoop.now()
                if now - told > 100_000_000 {
                    told = now
                    progress(UploadProgress(sent: offset, total: file.size))
                }
            }
        }
        progress(UploadProgress(sent: file.size, total: file.size))
    }

    /// The next piece of data at or behind `offset`; empty at the end of the file when only a hole is left.
    private func dataRange(from offset: UInt64, sparse: Bool) throws(HypervisorError) -> (UInt64, UInt64) {
        guard sparse else { return (offset, file.size) }
        let start = lseek(file.descriptor, off_t(offset), Self.seekData)
        guard start >= 0 else {
            // ENXIO: only a hole is left. Anything else: a file system that does not tell.
            return errno == ENXIO ? (file.size, file.size) : (offset, file.size)
        }
        let end = lseek(file.descriptor, start, Self.seekHole)
        return (min(UInt64(start), file.size), end > start ? min(UInt64(end), file.size) : file.size)
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
