internal import Values

/// YAML on one line, as Salt's `yaml` filter writes it: `{a: 1, b: [x, 'y: z']}`.
enum FlowYAML {
    static func text(of value: Value) -> String {
        switch value.kind {
        case .null: "null"
        case .list(let items): "[" + items.map { text(of: $0) }.joined(separator: ", ") + "]"
        case .map(let mapping):
            "{" + mapping.map { "\(text(of: $0.key)): \(text(of: $0.value))" }.joined(separator: ", ") + "}"
        case .string(let string): scalar(string)
        case .bool, .int, .double: YAML.write(value).trimmed()
        }
    }

    private static func scalar(_ text: String) -> String {
        if text.unicodeScalars.contains(where: {
            $0.value < 0x20 || $0.value == 0x7F || $0.value == 0x85 || $0 == "\u{2028}" || $0 == "\u{2029}"
        }) {
            return doubleQuoted(text)
        }
        // The writer knows what a reader would misread; inside brackets more signs have a meaning.
        let isPlain = YAML.write(Value(text)) == text + "\n" && !text.contains { ",?[]{}:".contains($0) }
        return isPlain ? text : singleQuoted(text)
    }

    static func singleQuoted(_ text: String) -> String {
        // A line end inside of quotes is read as a blank; an empty line keeps it.
        "'" + text.replacingText("'", with: "''").replacingText("\n", with: "\n\n") + "'"
    }

    static func doubleQuoted(_ text: String) -> String {
        let escapes: [Unicode.Scalar: String] = [
            "\"": "\\\"", "\\": "\\\\", "\0": "\\0", "\u{07}": "\\a", "\u{08}": "\\b", "\t": "\\t", "\n": "\\n",
            "\u{0B}": "\\v", "\u{0C}": "\\f", "\r": "\\r", "\u{1B}": "\\e", "\u{85}": "\\N", "\u{A0}": "\\_",
            "\u{2028}": "\\L", "\u{2029}": "\\P",
        ]
        var result = "\""
        for scalar in text.unicodeScalars {
            if let escape = escapes[scalar] {
                result += escape
            } else if scalar.value < 0x20 || (scalar.value >= 0x7F && scalar.value < 0xA0) || scalar == "\u{FEFF}" {
                let digits = String(scalar.value, radix: 16, uppercase: true)
                let width = scalar.value < 0x100 ? 2 : 4
                result += (width == 2 ? "\\x" : "\\u") + String(repeating: "0", count: width - digits.count) + digits
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
