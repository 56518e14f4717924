/// The backslash escapes of Python string literals.
enum StringEscapes {
    private static let simple: [Unicode.Scalar: Unicode.Scalar] = [
        "n": "\n", "t": "\t", "r": "\r", "\\": "\\", "'": "'", "\"": "\"", "0": "\0",
        "a": "\u{07}", "b": "\u{08}", "f": "\u{0C}", "v": "\u{0B}",
    ]

    /// The text with its escapes resolved; unknown ones stay as they are. Nil for a malformed one (`\x4`).
    static func resolve(_ text: String) -> String? {
        let scalars = Array(text.unicodeScalars)
        var result = String.UnicodeScalarView()
        var index = 0
        while index < scalars.count {
            guard scalars[index] == "\\", index + 1 < scalars.count else {
                result.append(scalars[index])
                index += 1
                continue
            }
            let letter = scalars[index + 1]
            if letter == "\n" {
                index += 2
            } else if let (scalar, length) = octal(scalars, index + 1) {
                result.append(scalar)
                index += 1 + length
            } else if let replacement = simple[letter] {
                result.append(replacement)
                index += 2
            } else if let digits = ["x": 2, "u": 4, "U": 8][letter] {
                guard let scalar = hexadecimal(scalars, index + 2, digits) else { return nil }
                result.append(scalar)
                index += 2 + digits
            } else {
                result.append("\\")
                index += 1
            }
        }
        return String(result)
    }

    private static func octal(_ scalars: [Unicode.Scalar], _ start: Int) -> (Unicode.Scalar, Int)? {
        var value: UInt32 = 0
        var length = 0
        while length < 3, start + length < scalars.count, ("0"..."7").contains(scalars[start + length]) {
            value = value * 8 + scalars[start + length].value - 0x30
            length += 1
        }
        guard length > 0, let scalar = Unicode.Scalar(value) else { return nil }
        return (scalar, length)
    }

    private static func hexadecimal(_ scalars: [Unicode.Scalar], _ start: Int, _ digits: Int) -> Unicode.Scalar? {
        guard start + digits <= scalars.count else { return nil }
        let text = String(String.UnicodeScalarView(scalars[start..<start + digits]))
        guard text.utf8.allSatisfy({ $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "-") }) else { return nil }
        return UInt32(text, radix: 16).flatMap(Unicode.Scalar.init)
    }
}
