/// Makes text from files and hosts safe for a terminal.
public enum Printable {
    /// The text on one line: control characters, line ends and characters that turn the direction of text are shown as
    /// escapes (`\n`, `\u{1b}`), a tab as four spaces.
    public static func line(_ text: some StringProtocol) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\t": result += "    "
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            default:
                if isUnsafe(scalar) {
                    result += "\\u{\(String(scalar.value, radix: 16))}"
                } else {
                    result.unicodeScalars.append(scalar)
                }
            }
        }
        return result
    }

    private static func isUnsafe(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7F..<0xA0, 0x200E...0x200F, 0x2028...0x202E, 0x2066...0x2069, 0xFEFF, 0xE0000...0xE007F: true
        default: false
        }
    }
}
