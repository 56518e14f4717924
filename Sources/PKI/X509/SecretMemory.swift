import CGnuTLS

/// Bytes that are wiped when nobody needs them any more.
///
/// `@unchecked Sendable` because the memory is written by `init` alone and only read afterwards.
final class SecretMemory: @unchecked Sendable {
    private let memory: UnsafeMutableRawBufferPointer

    init(copying bytes: UnsafeRawBufferPointer) {
        memory = .allocate(byteCount: bytes.count, alignment: 1)
        memory.copyMemory(from: bytes)
    }

    init(copying bytes: [UInt8]) {
        memory = .allocate(byteCount: bytes.count, alignment: 1)
        memory.copyBytes(from: bytes)
    }

    /// Memory of `count` bytes that `body` fills.
    init<E: Error>(count: Int, _ body: (UnsafeMutableRawBufferPointer) throws(E) -> Void) throws(E) {
        memory = .allocate(byteCount: count, alignment: 1)
        memory.initializeMemory(as: UInt8.self, repeating: 0)
        try body(memory)
    }

    deinit {
        if let base = memory.baseAddress { gnutls_memset(base, 0, memory.count) }
        memory.deallocate()
    }

    var count: Int { memory.count }

    func withBytes<R, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R {
        try body(UnsafeRawBufferPointer(memory))
    }
}
