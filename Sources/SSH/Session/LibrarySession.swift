import CLibSSH2
import Glibc

/// A libssh2 session bound to a link.
///
/// `@unchecked Sendable`: libssh2 wants one thread at a time. That is the loop's, or, while an encrypted private key is
/// being opened, the one thread that `Operations.suspended` keeps the loop away for.
final class LibrarySession: @unchecked Sendable {
    /// What libssh2's callbacks reach through the session's abstract pointer.
    final class Context {
        let link: any Link
        /// The beginning of what the server sent, which has its offer of algorithms in plain text.
        var opening: [UInt8] = []
        var isOpening = true
        /// The words of a disconnect message.
        var farewell: String?

        init(link: any Link) { self.link = link }
    }

    let pointer: OpaquePointer
    let context: Context
    private var isFree = false

    /// libssh2's global initialisation, once: it must not run in two threads at a time. False if it failed.
    static let isLibraryReady = libssh2_init(0) == 0
    static let version = libssh2_version(0).map { String(cString: $0) } ?? "unknown"

    init(link: any Link) throws(SSHError) {
        let context = Context(link: link)
        let abstract = Unmanaged.passUnretained(context).toOpaque()
        guard Self.isLibraryReady, let pointer = libssh2_session_init_ex(nil, nil, nil, abstract) else {
            throw SSHError(.resourcesExhausted, "libssh2 could not make a session")
        }
        self.context = context
        self.pointer = pointer
        libssh2_session_set_blocking(pointer, 0)
        setCallbacks()
    }

    /// Frees the session. The link must be closed: libssh2 would otherwise say good-bye to every channel and wait.
    func free() {
        guard !isFree else { return }
        isFree = true
        context.isOpening = false
        // With the link dead no call can wait; the bound is only against a library that disagrees.
        for _ in 0..<64 where libssh2_session_free(pointer) != LIBSSH2_ERROR_EAGAIN { return }
    }

    /// libssh2's last words. Must follow the call in the same synchronous stretch.
    var lastError: (code: Int32, text: String) {
        var text: UnsafeMutablePointer<CChar>?
        var length: Int32 = 0
        let code = libssh2_session_last_error(pointer, &text, &length, 0)
        let words = text.map { UnsafeRawBufferPointer(start: $0, count: Int(max(0, length))) }
        return (code, words.map { String(decoding: $0, as: UTF8.self) } ?? "")
    }

    /// An error with libssh2's code and words behind ours.
    func error(_ code: SSHError.Code, _ message: String, hint: String? = nil) -> SSHError {
        let last = lastError
        var error = SSHError(code, last.text.isEmpty ? message : "\(message): \(last.text)", hint: hint)
        error.libraryError = last.code
        error.libraryMessage = last.text
        return error
    }

    private typealias Abstract = UnsafeMutablePointer<UnsafeMutableRawPointer?>
    private typealias Receive = @convention(c) (Int32, UnsafeMutableRawPointer?, Int, Int32, Abstract?) -> Int
    private typealias Send = @convention(c) (Int32, UnsafeRawPointer?, Int, Int32, Abstract?) -> Int
    private typealias Disconnect =
        @convention(c) (
            OpaquePointer?, Int32, UnsafePointer<CChar>?, Int32, UnsafePointer<CChar>?, Int32, Abstract?
        ) -> Void

    private static func context(_ abstract: Abstract?) -> Context? {
        abstract?.pointee.map { Unmanaged<Context>.fromOpaque($0).takeUnretainedValue() }
    }

    private func setCallbacks() {
        let receive: Receive = { _, buffer, count, _, abstract in
            guard let context = LibrarySession.context(abstract), let buffer else { return Int(-EIO) }
            let result = context.link.receive(into: buffer, count: count)
            if context.isOpening, result > 0, context.opening.count < 32 << 10 {
                context.opening.append(contentsOf: UnsafeRawBufferPointer(start: buffer, count: result))
            }
            // A link that was closed by this side must not make `free` wait.
            if result < 0, context.link.loss == .closed { return Int(-ECONNABORTED) }
            return result
        }
        let send: Send = { _, buffer, count, _, abstract in
            guard let context = LibrarySession.context(abstract), let buffer else { return Int(-EIO) }
            if context.link.loss == .closed { return Int(-ECONNABORTED) }
            context.link.send(UnsafeRawBufferPointer(start: buffer, count: count))
            return count
        }
        let disconnect: Disconnect = { _, reason, message, length, _, _, abstract in
            let words = message.map { UnsafeRawBufferPointer(start: $0, count: Int(min(max(0, length), 512))) }
            let text = words.map { String(decoding: $0, as: UTF8.self) } ?? ""
            LibrarySession.context(abstract)?.farewell = text.isEmpty ? "reason \(reason)" : text
        }
        libssh2_session_callback_set(
            pointer, LIBSSH2_CALLBACK_RECV, unsafeBitCast(receive, to: UnsafeMutableRawPointer.self))
        libssh2_session_callback_set(
            pointer, LIBSSH2_CALLBACK_SEND, unsafeBitCast(send, to: UnsafeMutableRawPointer.self))
        libssh2_session_callback_set(
            pointer, LIBSSH2_CALLBACK_DISCONNECT, unsafeBitCast(disconnect, to: UnsafeMutableRawPointer.self))
    }
}

/// What libssh2's error codes mean for the session.
enum LibraryError {
    static let again = LIBSSH2_ERROR_EAGAIN

    /// Whether the session is of no more use after this code.
    static func isFatal(_ code: Int32) -> Bool {
        switch code {
        case LIBSSH2_ERROR_SOCKET_DISCONNECT, LIBSSH2_ERROR_SOCKET_RECV, LIBSSH2_ERROR_SOCKET_SEND,
            LIBSSH2_ERROR_BAD_SOCKET, LIBSSH2_ERROR_DECRYPT, LIBSSH2_ERROR_INVALID_MAC, LIBSSH2_ERROR_OUT_OF_BOUNDARY,
            LIBSSH2_ERROR_ENCRYPT, LIBSSH2_ERROR_BAD_USE, LIBSSH2_ERROR_ALLOC, LIBSSH2_ERROR_KEX_FAILURE,
            LIBSSH2_ERROR_KEY_EXCHANGE_FAILURE, LIBSSH2_ERROR_ZLIB, LIBSSH2_ERROR_COMPRESS:
            true
        default: false
        }
    }
}

extension LibrarySession {
    /// Offers the library's good algorithms, and these for host keys.
    func prefer(_ hostKeys: [String]) throws(SSHError) {
        // libssh2 drops what it does not know; the last name is no key exchange but the mark of the countermeasure to
        // CVE-2023-48795 (Terrapin), which a list of our own would leave out.
        let keyExchanges = Algorithms.keyExchanges + ["kex-strict-c-v00@openssh.com"]
        let lists: [(Int32, [String])] = [
            (LIBSSH2_METHOD_KEX, keyExchanges), (LIBSSH2_METHOD_HOSTKEY, hostKeys),
            (LIBSSH2_METHOD_CRYPT_CS, Algorithms.ciphers), (LIBSSH2_METHOD_CRYPT_SC, Algorithms.ciphers),
            (LIBSSH2_METHOD_MAC_CS, Algorithms.authenticators), (LIBSSH2_METHOD_MAC_SC, Algorithms.authenticators),
        ]
        for (method, names) in lists
        where libssh2_session_method_pref(pointer, method, names.joined(separator: ",")) != 0 {
            throw error(.noCommonAlgorithm, "libssh2 has none of \(names.joined(separator: ", "))")
        }
    }
}
