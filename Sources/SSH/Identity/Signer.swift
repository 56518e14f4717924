import CLibSSH2
import Glibc

/// Stands in for a private key while an agent signs: libssh2 asks it for a signature, is told to ask again later, and gets
/// the agent's answer then.
final class Signer {
    private(set) var request: [UInt8]?
    var signature: [UInt8]?

    /// The callback for `libssh2_userauth_publickey`; its abstract pointer is to a signer.
    static let callback:
        @convention(c) (
            OpaquePointer?, UnsafeMutablePointer<UnsafeMutablePointer<UInt8>?>?, UnsafeMutablePointer<Int>?,
            UnsafePointer<UInt8>?, Int, UnsafeMutablePointer<UnsafeMutableRawPointer?>?
        ) -> Int32 = { _, result, resultLength, data, length, abstract in
            guard let pointer = abstract?.pointee, let result, let resultLength else { return LIBSSH2_ERROR_BAD_USE }
            let signer = Unmanaged<Signer>.fromOpaque(pointer).takeUnretainedValue()
            guard let signature = signer.signature else {
                signer.request = Array(UnsafeBufferPointer(start: data, count: length))
                return LIBSSH2_ERROR_EAGAIN
            }
            // libssh2 frees it with the session's allocator, which is malloc's.
            guard let copy = malloc(max(1, signature.count)) else { return LIBSSH2_ERROR_ALLOC }
            copy.copyMemory(from: signature, byteCount: signature.count)
            result.pointee = copy.assumingMemoryBound(to: UInt8.self)
            resultLength.pointee = signature.count
            return 0
        }

    /// One try at authenticating with the key.
    func attempt(_ session: OpaquePointer, user: String, key: HostKey) -> Int {
        var abstract: UnsafeMutableRawPointer? = Unmanaged.passUnretained(self).toOpaque()
        return Int(
            key.blob.withUnsafeBufferPointer { blob in
                libssh2_userauth_publickey(session, user, blob.baseAddress, blob.count, Self.callback, &abstract)
            })
    }
}
