import CGnuTLS
import Glibc

/// SHA-256 and SHA-512 of content, in lower-case hexadecimal, as `sha256sum` and `sha512sum` print them.
public enum ContentDigest {
    /// The digest of bytes in memory.
    public static func sha256(_ bytes: [UInt8]) -> String { Hex.text(rawSHA256(bytes)) }

    /// The 32 bytes of the digest.
    public static func rawSHA256(_ bytes: [UInt8]) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: 32)
        // The one failure that exists is a library without SHA-256; nothing else here would work then either.
        gnutls_hash_fast(GNUTLS_DIG_SHA256, bytes, bytes.count, &digest)
        return digest
    }

    /// The digest of a file, read in pieces.
    /// - Throws: `system` with the path and errno; blocks while it reads.
    public static func sha256(file path: String) throws(PKIError) -> String {
        try digest(of: path, GNUTLS_DIG_SHA256, length: 32, name: "SHA-256")
    }

    /// The SHA-512 of a file, read in pieces.
    /// - Throws: `system` with the path and errno; blocks while it reads.
    public static func sha512(file path: String) throws(PKIError) -> String {
        try digest(of: path, GNUTLS_DIG_SHA512, length: 64, name: "SHA-512")
    }

    private static func digest(
        of path: String, _ algorithm: gnutls_digest_algorithm_t, length: Int, name: String
    ) throws(PKIError) -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw unreadable(path) }
        defer { close(descriptor) }
        var handle: gnutls_hash_hd_t?
        guard gnutls_hash_init(&handle, algorithm) == 0 else {
            throw PKIError(.cryptography, "GnuTLS offers no \(name)")
        }
        var digest = [UInt8](repeating: 0, count: length)
        var failed = false
        var piece = [UInt8](repeating: 0, count: 1 << 20)
        while true {
            let count = read(descriptor, &piece, piece.count)
            if count < 0 && errno == EINTR { continue }
            failed = count < 0
            if count <= 0 { break }
            gnutls_hash(handle, piece, count)
        }
        let number = errno
        gnutls_hash_deinit(handle, &digest)
        guard !failed else { throw unreadable(path, number) }
        return Hex.text(digest)
    }

    private static func unreadable(_ path: String, _ number: Int32 = errno) -> PKIError {
        PKIError(.system, "cannot read '\(path)': \(String(cString: strerror(number)))", path: path, number: number)
    }
}
