internal import CLibvirt
internal import Glibc

extension HypervisorConnection {
    /// Fetches a volume into a new local file, byte for byte, and checks that the file is as long as the volume.
    ///
    /// Holes of the volume are not sent where the host can tell them, and are holes of the file. Cancelling the task ends
    /// it between two chunks. The file is private to the user, and removed again when the transfer does not succeed.
    ///
    /// - Parameters:
    ///   - path: where to.
    ///   - overwriting: a file is there, and is emptied first; else nothing may be there. It stays whatever happens.
    ///   - progress: called on the transfer's thread, some times a second at most; `sent` counts holes too.
    public func download(
        _ name: String, in pool: String, to path: String, overwriting: Bool = false,
        progress: @escaping @Sendable (UploadProgress) -> Void = { _ in }
    ) async throws(HypervisorError) {
        let cancelled = TransferCancellation()
        let operation = "download volume \"\(name)\" of pool \"\(pool)\" to \"\(path)\""
        let outcome: Result<Void, HypervisorError> = await withTaskCancellationHandler {
            do throws(HypervisorError) {
                try await longCall(operation) { call throws(HypervisorError) -> Void in
                    try call.volume(name, in: pool) { volume throws(HypervisorError) in
                        let file = try NewFile(path, overwriting: overwriting, for: call)
                        let download = Download(
                            call: call, file: file, volume: volume, progress: progress, cancelled: cancelled)
                        try download.receive()
                        file.isWhole = true
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

/// A local file that did not exist before; closed when it is let go, and removed then unless it became whole.
private final class NewFile {
    let descriptor: Int32
    var isWhole: Bool
    private let path: String

    init(_ path: String, overwriting: Bool, for call: Call) throws(HypervisorError) {
        let flags = overwriting ? O_TRUNC : O_CREAT | O_EXCL
        descriptor = Glibc.open(path, O_WRONLY | O_CLOEXEC | flags, 0o600)
        self.path = path
        isWhole = overwriting
        guard descriptor >= 0 else {
            // Not ours: it must not be removed.
            isWhole = true
            throw call.failure(.localFile, "cannot make \"\(path)\": \(String(cString: strerror(errno)))")
        }
    }

    deinit {
        if descriptor >= 0 { Glibc.close(descriptor) }
        if !isWhole { unlink(path) }
    }
}

/// One transfer, on its own thread.
private struct Download {
    let call: Call
    let file: NewFile
    let volume: virStorageVolPtr
    let progress: @Sendable (UploadProgress) -> Void
    let cancelled: TransferCancellation
    private static let chunk = 256 << 10
    /// What virStreamRecvFlags answers in front of a hole.
    private static let atHole: Int32 = -3

    func receive() throws(HypervisorError) {
        var info = virStorageVolInfo()
        try call.check(virStorageVolGetInfoFlags(volume, &info, UInt32(VIR_STORAGE_VOL_GET_PHYSICAL.rawValue)))
        let total = info.allocation
        let (stream, sparse) = try begin()
        defer { virStreamFree(stream) }
        do throws(HypervisorError) {
            let size = try receiveAll(from: stream, sparse: sparse, total: total)
            try call.check(virStreamFinish(stream))
            guard size == total else {
                throw call.failure(.operationFailed, "\(size) bytes arrived, the volume has \(total)")
            }
            // A hole at the end is only a length.
            guard ftruncate(file.descriptor, off_t(size)) == 0, fsync(file.descriptor) == 0 else {
                throw localFailure()
            }
        } catch {
            virStreamAbort(stream)
            throw error
        }
    }

    /// Sparse where the host can, else plain.
    private func begin() throws(HypervisorError) -> (stream: virStreamPtr, sparse: Bool) {
        for sparse in [true, false] {
            let stream = try call.require(virStreamNew(call.connection, 0))
            let flags = sparse ? UInt32(VIR_STORAGE_VOL_DOWNLOAD_SPARSE_STREAM.rawValue) : 0
            if virStorageVolDownload(volume, stream, 0, 0, flags) == 0 { return (stream, sparse) }
            let failure = call.failure()
            virStreamFree(stream)
            guard sparse, [.noSupport, .invalidArgument].contains(failure.code) else { throw failure }
        }
        throw call.failure()
    }

    /// - Returns: how many bytes came, holes included.
    private func receiveAll(from stream: virStreamPtr, sparse: Bool, total: UInt64) throws(HypervisorError) -> UInt64 {
        var offset: UInt64 = 0
        var told = EventLoop.now()
        var buffer = [CChar](repeating: 0, count: Self.chunk)
        progress(UploadProgress(sent: 0, total: total))
        while true {
            if cancelled.isSet { throw call.failure(.cancelled, "cancelled at byte \(offset)") }
            let flags = sparse ? UInt32(VIR_STREAM_RECV_STOP_AT_HOLE.rawValue) : 0
            let count = virStreamRecvFlags(stream, &buffer, buffer.count, flags)
            if count == Self.atHole {
                var length: Int64 = 0
                try call.check(virStreamRecvHole(stream, &length, 0))
                offset += UInt64(max(0, length))
            } else {
                guard try call.check(count) > 0 else { break }
                try store(buffer, count: Int(count), at: offset)
                offset += UInt64(count)
            }
            let now = EventLoop.now()
            if now - told > 100_000_000 {
                told = now
                progress(UploadProgress(sent: offset, total: total))
            }
        }
        progress(UploadProgress(sent: offset, total: total))
        return offset
    }

    private func store(_ bytes: [CChar], count: Int, at offset: UInt64) throws(HypervisorError) {
        var written = 0
        while written < count {
            let status = bytes.withUnsafeBytes { buffer in
                let rest = UnsafeRawBufferPointer(rebasing: buffer[written..<count])
                return pwrite(file.descriptor, rest.baseAddress, rest.count, off_t(offset) + off_t(written))
            }
            if status < 0 && errno == EINTR { continue }
            guard status > 0 else { throw localFailure() }
            written += status
        }
    }

    private func localFailure() -> HypervisorError {
        call.failure(.localFile, "cannot write: \(String(cString: strerror(errno)))")
    }
}
