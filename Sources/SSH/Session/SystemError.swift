import Glibc

extension SSHError {
    /// A problem that the kernel reported, with the text for `errno` behind what was being done.
    static func system(_ code: Code, _ message: String, _ number: Int32, hint: String? = nil) -> SSHError {
        var error = SSHError(code, "\(message): \(systemText(number))", hint: hint)
        error.systemError = number
        return error
    }

    /// The text for an `errno`. (`strerror` is not safe between threads.)
    static func systemText(_ number: Int32) -> String {
        var buffer = [CChar](repeating: 0, count: 256)
        guard strerror_r(number, &buffer, buffer.count) == 0 else { return "error \(number)" }
        return String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
