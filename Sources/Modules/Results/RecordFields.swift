internal import FoundationEssentials

/// The fields of a record: separated by tabs, with backslash, tab, line feed and carriage return written as two
/// characters.
struct RecordFields {
    let verb: String
    private let fields: [String]

    init(_ bytes: ArraySlice<UInt8>) {
        var parts = bytes.split(separator: UInt8(ascii: "\t"), omittingEmptySubsequences: false).map(Self.plain)
        verb = parts.isEmpty ? "" : parts.removeFirst()
        fields = parts
    }

    var count: Int { fields.count }
    /// The field, empty when there is none.
    func text(_ index: Int) -> String { fields.indices.contains(index) ? fields[index] : "" }
    func texts(from index: Int) -> [String] { Array(fields.dropFirst(index)) }
    func number(_ index: Int) -> Int? { Int(text(index)) }
    /// What the field says in base64, empty when it is none.
    func base64(_ index: Int) -> String {
        String(decoding: Data(base64Encoded: text(index)) ?? Data(), as: UTF8.self)
    }

    private static func plain(_ bytes: ArraySlice<UInt8>) -> String {
        guard bytes.contains(UInt8(ascii: "\\")) else { return String(decoding: bytes, as: UTF8.self) }
        var out: [UInt8] = []
        var escaped = false
        for byte in bytes {
            if !escaped {
                if byte == UInt8(ascii: "\\") { escaped = true } else { out.append(byte) }
                continue
            }
            escaped = false
            switch byte {
            case UInt8(ascii: "n"): out.append(UInt8(ascii: "\n"))
            case UInt8(ascii: "t"): out.append(UInt8(ascii: "\t"))
            case UInt8(ascii: "r"): out.append(UInt8(ascii: "\r"))
            default: out.append(byte)
            }
        }
        return String(decoding: out, as: UTF8.self)
    }
}
