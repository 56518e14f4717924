import CGnuTLS
import Glibc

/// Why something about keys, certificates, their store or a TLS handshake did not work.
public struct PKIError: Error, Sendable, Hashable {
    /// What kind of failure it was; open, so that kinds can be added.
    public struct Code: RawRepresentable, Sendable, Hashable {
        public let rawValue: String
        public init(rawValue: String) { self.rawValue = rawValue }

        /// A name, address or setting that no certificate should carry.
        public static let invalidInput = Code(rawValue: "invalid-input")
        /// Text that is no certificate, key or CRL.
        public static let malformed = Code(rawValue: "malformed")
        /// The authority, or a part of it, is not there.
        public static let missing = Code(rawValue: "missing")
        /// There is an authority already.
        public static let exists = Code(rawValue: "exists")
        /// A file or directory that others can read, or that belongs to another user.
        public static let permissions = Code(rawValue: "permissions")
        /// The ledger or a key file cannot be trusted as it is.
        public static let damaged = Code(rawValue: "damaged")
        /// Another process kept the authority locked.
        public static let locked = Code(rawValue: "locked")
        /// The CA is expired, or not in the state that the request needs.
        public static let authorityState = Code(rawValue: "authority-state")
        /// The operating system refused; `number` is errno.
        public static let system = Code(rawValue: "system")
        /// GnuTLS refused; `number` is its code.
        public static let cryptography = Code(rawValue: "cryptography")
        public static let unreachable = Code(rawValue: "unreachable")
        public static let timeout = Code(rawValue: "timeout")
        public static let handshake = Code(rawValue: "handshake")
        public static let cancelled = Code(rawValue: "cancelled")
    }

    public var code: Code
    /// One line: what was found and what was expected.
    public var message: String
    /// What to do about it, where that is known.
    public var hint: String?
    /// The file or directory concerned.
    public var path: String?
    /// errno or GnuTLS's code, as `code` says.
    public var number: Int32?

    public init(_ code: Code, _ message: String, hint: String? = nil, path: String? = nil, number: Int32? = nil) {
        self.code = code
        self.message = message
        self.hint = hint
        self.path = path
        self.number = number
    }

    static func system(_ doing: String, _ path: String, errno number: Int32 = errno) -> PKIError {
        PKIError(.system, "cannot \(doing) '\(path)': \(text(ofErrno: number))", path: path, number: number)
    }

    static func text(ofErrno number: Int32) -> String {
        var buffer = [CChar](repeating: 0, count: 256)
        // The message may be a constant instead of what is in the buffer: glibc's own form of strerror_r.
        guard strerror_r(number, &buffer, buffer.count) == 0 else { return "errno \(number)" }
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

extension PKIError: CustomStringConvertible {
    public var description: String { hint.map { "\(message) (\($0))" } ?? message }
}
