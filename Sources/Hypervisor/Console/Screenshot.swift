internal import CLibvirt

/// A picture of a domain's screen as the hypervisor made it.
public struct Screenshot: Sendable, Hashable {
    /// `image/x-portable-pixmap` or `image/png` from QEMU.
    public var mediaType: String
    public var bytes: [UInt8]

    public init(mediaType: String, bytes: [UInt8]) {
        self.mediaType = mediaType
        self.bytes = bytes
    }
}

extension HypervisorConnection {
    /// Takes a picture of a running domain's screen.
    ///
    /// - Parameters:
    ///   - screen: the number of the screen, from 0.
    ///   - limit: how many bytes it may have.
    /// - Throws: libvirt's refusal when the domain is off or has no display device; `invalidRequest` for a larger one.
    public func screenshot(
        of domain: DomainReference, screen: UInt32 = 0, limit: Int = 256 << 20
    ) async throws(HypervisorError) -> Screenshot {
        try await longCall("take a screenshot of \(domain)") { call throws(HypervisorError) in
            try call.domain(domain) { found throws(HypervisorError) in
                let stream = try call.require(virStreamNew(call.connection, 0))
                defer { virStreamFree(stream) }
                let type = try call.string(virDomainScreenshot(found, stream, screen, 0))
                do throws(HypervisorError) {
                    let bytes = try call.all(of: stream, limit: limit)
                    try call.check(virStreamFinish(stream))
                    return Screenshot(mediaType: type, bytes: bytes)
                } catch {
                    virStreamAbort(stream)
                    throw error
                }
            }
        }
    }
}

extension Call {
    /// Whatever a blocking stream gives until its end.
    fileprivate func all(of stream: virStreamPtr, limit: Int) throws(HypervisorError) -> [UInt8] {
        var bytes: [UInt8] = []
        while true {
            var count: Int32 = 0
            bytes += [UInt8](unsafeUninitializedCapacity: 262_144) { buffer, taken in
                let room = UnsafeMutableRawBufferPointer(buffer)
                count = virStreamRecv(stream, room.baseAddress?.assumingMemoryBound(to: CChar.self), room.count)
                taken = Int(max(0, count))
            }
            if try check(count) == 0 { return bytes }
            guard bytes.count <= limit else { throw failure(.invalidRequest, "it has more than \(limit) bytes") }
        }
    }
}
