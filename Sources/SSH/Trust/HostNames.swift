internal import FoundationEssentials

/// The first field of a known_hosts line: patterns with commas between, or one hashed name.
enum HostNames: Sendable {
    /// Lower-case patterns with `*` and `?`; those with `!` before them exclude.
    case patterns([(pattern: [UInt8], isNegated: Bool)])
    /// `|1|salt|hash`, both still in base 64 and of the size of a SHA-1.
    case hashed(salt: String, hash: String)

    init?(_ field: ArraySlice<UInt8>) {
        if field.first == UInt8(ascii: "|") {
            let parts = field.split(separator: UInt8(ascii: "|"), omittingEmptySubsequences: false)
            guard parts.count == 4, parts[1].elementsEqual("1".utf8),
                parts[2...].allSatisfy({ Data(base64Encoded: Data($0))?.count == 20 })
            else { return nil }
            self = .hashed(
                salt: String(decoding: parts[2], as: UTF8.self), hash: String(decoding: parts[3], as: UTF8.self))
            return
        }
        self = .patterns(
            field.split(separator: UInt8(ascii: ",")).map { part in
                let isNegated = part.first == UInt8(ascii: "!")
                return (Self.lowered(isNegated ? part.dropFirst() : part), isNegated)
            })
    }

    /// Whether the line is about this name.
    ///
    /// - Parameter name: A host, or `[host]:port` for a port other than 22.
    func matches(_ name: String) -> Bool {
        let name = Self.lowered(Array(name.utf8)[...])
        switch self {
        case .hashed(let salt, let hash):
            return HashedName.matches(String(decoding: name, as: UTF8.self), salt: salt, hash: hash)
        case .patterns(let patterns):
            var isMatch = false
            for (pattern, isNegated) in patterns where Self.matches(name[...], pattern[...]) {
                // One exclusion outweighs any number of matches, wherever it stands.
                if isNegated { return false }
                isMatch = true
            }
            return isMatch
        }
    }

    private static func lowered(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        bytes.map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 | 0x20 : $0 }
    }

    /// Shell-style matching without brackets. Goes back to the last `*` only, so the time is bounded by the product of the
    /// lengths, whatever the pattern.
    private static func matches(_ name: ArraySlice<UInt8>, _ pattern: ArraySlice<UInt8>) -> Bool {
        var name = name
        var rest = pattern
        var retry: (name: ArraySlice<UInt8>, pattern: ArraySlice<UInt8>)?
        while true {
            if rest.first == UInt8(ascii: "*") {
                rest = rest.dropFirst()
                retry = (name, rest)
            } else if let next = name.first, let wanted = rest.first, wanted == UInt8(ascii: "?") || wanted == next {
                name = name.dropFirst()
                rest = rest.dropFirst()
            } else if name.isEmpty, rest.isEmpty {
                return true
            } else if let last = retry, !last.name.isEmpty {
                retry = (last.name.dropFirst(), last.pattern)
                (name, rest) = (last.name.dropFirst(), last.pattern)
            } else {
                return false
            }
        }
    }
}
