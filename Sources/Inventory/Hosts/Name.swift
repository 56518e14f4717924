/// What names may look like: they become file names, arguments and shell words, so there is little room.
enum Name {
    /// Words that target expressions use.
    static let reserved: Set<String> = ["and", "or", "not", "all"]

    /// Hosts, groups and VMs: ASCII letters, digits and `._-`, beginning with a letter, a digit or `_`.
    static func isGood(_ name: String) -> Bool {
        guard let first = name.utf8.first, isLetterOrDigit(first) || first == UInt8(ascii: "_") else { return false }
        return name.utf8.count <= 253 && name.utf8.allSatisfy { isLetterOrDigit($0) || "._-".utf8.contains($0) }
    }

    /// Roles: as hosts, and `/` between folders.
    static func isRole(_ name: String) -> Bool {
        name.split(separator: "/", omittingEmptySubsequences: false).allSatisfy { isGood(String($0)) }
    }

    /// Text without blanks and control characters that nothing takes for an option.
    static func isWord(_ text: String) -> Bool {
        !text.isEmpty && !text.hasPrefix("-")
            && text.unicodeScalars.allSatisfy { $0.value > 0x20 && !(0x7F..<0xA1).contains($0.value) }
    }

    static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "A")...UInt8(ascii: "Z"):
            true
        default: false
        }
    }
}
