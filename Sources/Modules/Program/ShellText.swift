/// Text as POSIX sh reads it: values never become code.
package enum ShellText {
    /// The value as one word, in single quotes unless it is plainly harmless. A value must not hold NUL: no shell can.
    package static func quoted(_ value: some StringProtocol) -> String {
        if !value.isEmpty, value.utf8.allSatisfy(isPlain) { return String(value) }
        // Bytes, not characters: a quote before a combining mark is still a quote to the shell.
        var bytes: [UInt8] = [UInt8(ascii: "'")]
        for byte in value.utf8 {
            if byte == UInt8(ascii: "'") { bytes += Array("'\\''".utf8) } else { bytes.append(byte) }
        }
        bytes.append(UInt8(ascii: "'"))
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Several values as words.
    static func words(_ values: some Sequence<String>) -> String {
        values.map { quoted($0) }.joined(separator: " ")
    }

    /// `name='value'`.
    static func assignment(_ name: String, _ value: some StringProtocol) -> String {
        "\(name)=" + (value.utf8.allSatisfy(isPlain) ? "'\(value)'" : quoted(value))
    }

    /// A library without comments and indentation. Libraries have no text that spans lines but a lone line feed.
    static func compact(_ library: [UInt8]) -> String {
        let text = String(decoding: library, as: UTF8.self)
        var lines: [Substring] = []
        for line in text.split(separator: "\n", omittingEmptySubsequences: true) {
            let body = line.drop { $0 == " " }
            if body.isEmpty || body.first == "#" { continue }
            lines.append(body)
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"),
            UInt8(ascii: "/"), UInt8(ascii: ":"), UInt8(ascii: "@"), UInt8(ascii: "+"), UInt8(ascii: ","):
            true
        default: false
        }
    }
}
