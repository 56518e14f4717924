internal import FoundationEssentials

/// One line of a known_hosts file that says something: which names, which key, and whether the key is a host's, an
/// authority's, or revoked.
struct KnownHostsLine: Sendable {
    enum Marker: Sendable {
        case none
        case authority
        case revoked
    }

    let file: String
    /// Counted from 1.
    let number: Int
    let marker: Marker
    let names: HostNames
    let key: HostKey

    /// - Returns: nil for blank lines, comments, and what OpenSSH passes over too: unknown markers, keys that do not decode
    ///   or whose blob is of another type than the line says.
    init?(_ text: ArraySlice<UInt8>, file: String, number: Int) {
        var fields = text.split(maxSplits: 5, omittingEmptySubsequences: true) { Self.isBlank($0) }[...]
        guard let first = fields.first, first.first != UInt8(ascii: "#") else { return nil }
        switch String(decoding: first, as: UTF8.self) {
        case "@cert-authority": marker = .authority
        case "@revoked": marker = .revoked
        case let word where word.hasPrefix("@"): return nil
        default: marker = .none
        }
        if marker != .none { fields.removeFirst() }
        guard fields.count >= 3, let names = HostNames(fields.removeFirst()) else { return nil }
        let type = String(decoding: fields.removeFirst(), as: UTF8.self)
        guard let blob = fields.first.flatMap({ Data(base64Encoded: Data($0)) }), let key = HostKey(blob: Array(blob)),
            key.type == type
        else {
            return nil
        }
        self.names = names
        self.key = key
        self.file = file
        self.number = number
    }

    private static func isBlank(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") || byte == UInt8(ascii: "\r")
    }
}
