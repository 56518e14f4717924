internal import Glibc
internal import Values

/// What addresses may look like.
enum Address {
    static func problem(_ text: String, at mark: Mark?) -> Diagnostic? {
        if isIP(text) || (isName(text) && !looksLikeIPv4(text)) { return nil }
        let colons = text.utf8.count { $0 == UInt8(ascii: ":") }
        var hint: String?
        if text.contains("@") {
            hint = "give the user as \"user\""
        } else if colons == 1 {
            hint = "give the port as \"port\""
        } else if text.hasPrefix("[") {
            hint = "write an IPv6 address without brackets"
        }
        return .error(
            "bad \"address\": \"\(text)\"", detail: "expected a host name or an IP address", hint: hint, mark: mark)
    }

    /// An IPv4 address, or an IPv6 one with or without `%zone`.
    static func isIP(_ text: String) -> Bool {
        let parts = text.split(separator: "%", maxSplits: 1, omittingEmptySubsequences: false)
        guard let address = parts.first else { return false }
        var bytes = in6_addr()
        if inet_pton(AF_INET6, String(address), &bytes) == 1 {
            return parts.count == 1 || Name.isGood(String(parts[1]))
        }
        return inet_pton(AF_INET, text, &bytes) == 1
    }

    /// A DNS name: labels of letters, digits, `_` and `-`; a wildcard is none.
    static func isName(_ text: String) -> Bool {
        guard !text.isEmpty, text.utf8.count <= 253 else { return false }
        return text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
            !label.isEmpty && label.utf8.count <= 63 && !label.hasPrefix("-") && !label.hasSuffix("-")
                && label.utf8.allSatisfy {
                    Name.isLetterOrDigit($0) || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "-")
                }
        }
    }

    /// Digits and dots only: meant as IPv4, also where it is a bad one.
    private static func looksLikeIPv4(_ text: String) -> Bool {
        text.contains(".") && text.utf8.allSatisfy { "0123456789.".utf8.contains($0) }
    }
}
