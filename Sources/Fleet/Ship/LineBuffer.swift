/// Finds the receiver's records in what a host sends. What is not a record is noise: a login shell's greeting, say.
struct LineBuffer {
    private let marker: [UInt8]
    private var bytes: [UInt8] = []
    /// The beginning of what was no record, for messages.
    private(set) var noise: [UInt8] = []

    init(nonce: String) { marker = Array("@drover:\(nonce)\t".utf8) }

    /// Bytes that wait to be taken.
    var count: Int { bytes.count }

    mutating func append(_ more: [UInt8]) { bytes.append(contentsOf: more) }

    /// The next record's fields; nil when no whole line is there.
    mutating func nextRecord() -> [String]? {
        while let end = bytes.firstIndex(of: UInt8(ascii: "\n")) {
            let line = bytes[..<end]
            let fields = Self.fields(of: line, marker)
            if fields == nil { noise.append(contentsOf: line.prefix(max(0, 2048 - noise.count))) }
            bytes.removeSubrange(...end)
            if let fields { return fields }
        }
        if bytes.count > 1 << 22 { bytes.removeAll() }
        return nil
    }

    private static func fields(of line: ArraySlice<UInt8>, _ marker: [UInt8]) -> [String]? {
        guard line.starts(with: marker) else { return nil }
        let text = String(decoding: line.dropFirst(marker.count), as: UTF8.self)
        return text.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
    }

    /// What was printed before a record that begins with `verb`, and that record's rest; nil when it has not come yet.
    mutating func takeOutput(until verb: String) -> (output: [UInt8], rest: String)? {
        let needle = marker + Array(verb.utf8)
        guard let start = bytes.firstRange(of: needle),
            let end = bytes[start.upperBound...].firstIndex(of: UInt8(ascii: "\n"))
        else { return nil }
        let output = Array(bytes[..<start.lowerBound])
        let rest = String(decoding: bytes[start.upperBound..<end], as: UTF8.self)
        bytes.removeSubrange(...end)
        return (output, rest)
    }
}
