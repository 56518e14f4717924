import CGnuTLS

/// The calling conventions of GnuTLS in one place: result codes, borrowed and returned memory.
enum GnuTLS {
    /// Throws what a negative result code means; `doing` completes "cannot ...".
    @discardableResult
    static func check(_ code: Int32, _ doing: String) throws(PKIError) -> Int32 {
        guard code < 0 else { return code }
        throw PKIError(.cryptography, "cannot \(doing): \(text(of: code))", number: code)
    }

    static func text(of code: Int32) -> String {
        gnutls_strerror(code).map { String(cString: $0) } ?? "GnuTLS error \(code)"
    }

    /// Lends bytes as a datum for the length of one call, which must not keep it.
    static func lend<R>(_ bytes: UnsafeRawBufferPointer, _ call: (UnsafePointer<gnutls_datum_t>) -> R) -> R {
        var datum = gnutls_datum_t(
            data: UnsafeMutableRawPointer(mutating: bytes.baseAddress)?.assumingMemoryBound(to: UInt8.self),
            size: UInt32(bytes.count))
        return call(&datum)
    }

    static func lend<R>(_ bytes: [UInt8], _ call: (UnsafePointer<gnutls_datum_t>) -> R) -> R {
        bytes.withUnsafeBytes { lend($0, call) }
    }

    /// Takes over what a call allocates; the C memory is wiped before it is freed.
    static func take(
        _ doing: String, _ call: (UnsafeMutablePointer<gnutls_datum_t>) -> Int32
    ) throws(PKIError) -> [UInt8] {
        var datum = gnutls_datum_t()
        defer { drover_gnutls_wipe_and_free(&datum) }
        try check(call(&datum), doing)
        return Array(UnsafeBufferPointer(start: datum.data, count: Int(datum.size)))
    }

    /// The same for calls that fill a buffer of ours; nil when the thing asked for is not there.
    static func fill(
        _ doing: String, _ call: (UnsafeMutablePointer<UInt8>?, UnsafeMutablePointer<Int>) -> Int32
    ) throws(PKIError) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: 512)
        for _ in 0..<2 {
            var size = bytes.count
            let code = bytes.withUnsafeMutableBufferPointer { call($0.baseAddress, &size) }
            switch code {
            case GNUTLS_E_SHORT_MEMORY_BUFFER:
                bytes = [UInt8](repeating: 0, count: size)
            case GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE:
                return nil
            default:
                try check(code, doing)
                return Array(bytes.prefix(size))
            }
        }
        throw PKIError(.malformed, "cannot \(doing): its size changed while it was read")
    }

    static func random(_ count: Int) throws(PKIError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        try check(gnutls_rnd(GNUTLS_RND_RANDOM, &bytes, count), "get random bytes")
        return bytes
    }

    static func sha256(_ bytes: [UInt8]) throws(PKIError) -> String {
        var digest = [UInt8](repeating: 0, count: 32)
        try check(gnutls_hash_fast(GNUTLS_DIG_SHA256, bytes, bytes.count, &digest), "compute SHA-256")
        return Hex.text(digest)
    }
}
