/// What an unquoted scalar means in YAML 1.1, as PyYAML's safe loader resolves it and Salt's corrects it.
///
/// Salt reads `0644` as 644: where YAML 1.1 has octal numbers people write file modes, and a template that prints such a
/// value has to print its digits. With a sign it stays octal, as Salt has it.
///
/// Left as text on purpose: timestamps, base-60 numbers (they would eat MAC addresses and `22:22`), and whole numbers
/// that do not fit 64 bits.
enum PlainScalar {
    static func kind(of text: String) -> Value.Kind {
        guard let first = text.utf8.first else { return .null }
        switch first {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."):
            if let number = integer(text) { return .int(number) }
            if let number = fraction(text) { return .double(number) }
            return .string(text)
        default:
            return text.utf8.count <= 5 ? words[text] ?? .string(text) : .string(text)
        }
    }

    static func truth(_ text: String) -> Bool? {
        if case .bool(let value)? = words[text] { value } else { nil }
    }

    private static let words: [String: Value.Kind] = {
        var words: [String: Value.Kind] = ["~": .null, "null": .null, "Null": .null, "NULL": .null]
        for word in ["yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"] { words[word] = .bool(true) }
        for word in ["no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"] { words[word] = .bool(false) }
        return words
    }()

    /// `12`, `1_000`, `0644`, `0x1f`, `0b101`, with a sign or without.
    static func integer(_ text: String) -> Int? {
        var digits = Substring(text)
        var sign = ""
        if let first = digits.first, first == "-" || first == "+" {
            sign = first == "-" ? "-" : ""
            digits = digits.dropFirst()
        }
        if digits == "0" { return 0 }
        var radix = 10
        if digits.hasPrefix("0b") {
            (radix, digits) = (2, digits.dropFirst(2))
        } else if digits.hasPrefix("0x") {
            (radix, digits) = (16, digits.dropFirst(2))
        } else if digits.hasPrefix("0") {
            guard digits.allSatisfy({ ("0"..."7").contains($0) || $0 == "_" }) else { return nil }
            if digits.count < text.count { radix = 8 }
            digits = digits.dropFirst()
        } else if digits.hasPrefix("_") {
            return nil
        }
        let bare = digits.filter { $0 != "_" }
        guard let first = bare.utf8.first, first != UInt8(ascii: "+"), first != UInt8(ascii: "-") else { return nil }
        return Int(sign + bare, radix: radix)
    }

    /// `1.5`, `1.`, `.5`, `1.5e+3`; a number without a dot or an exponent without a sign is text in YAML 1.1.
    static func fraction(_ text: String) -> Double? {
        switch text {
        case ".nan", ".NaN", ".NAN": return .nan
        case ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF": return .infinity
        case "-.inf", "-.Inf", "-.INF": return -.infinity
        default: break
        }
        var rest = Array(text.utf8)[...]
        let signed = rest.first == UInt8(ascii: "-") || rest.first == UInt8(ascii: "+")
        if signed { rest = rest.dropFirst() }
        let whole = rest.prefix(while: isDigitOrUnderscore)
        rest = rest.dropFirst(whole.count)
        guard rest.popFirst() == UInt8(ascii: ".") else { return nil }
        let decimals = rest.prefix(while: isDigitOrUnderscore)
        rest = rest.dropFirst(decimals.count)
        // ".5" takes no sign; both halves must begin with a digit where they are needed.
        if whole.isEmpty {
            guard !signed, let first = decimals.first, first != UInt8(ascii: "_") else { return nil }
        } else if whole.first == UInt8(ascii: "_") {
            return nil
        }
        if !rest.isEmpty {
            guard rest.popFirst().map({ $0 | 0x20 }) == UInt8(ascii: "e"), let sign = rest.popFirst(),
                sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-"), !rest.isEmpty,
                rest.allSatisfy({ $0 != UInt8(ascii: "_") && isDigitOrUnderscore($0) })
            else { return nil }
        }
        let bare = text.filter { $0 != "_" }
        return Double(bare.hasSuffix(".") ? bare + "0" : bare.replacingDotBeforeExponent)
    }

    private static func isDigitOrUnderscore(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: "_")
    }
}

extension String {
    /// `1.e+3` as `1.0e+3`, which `Double` is sure to read.
    fileprivate var replacingDotBeforeExponent: String {
        var result = ""
        var afterDot = false
        for character in self {
            if afterDot, character == "e" || character == "E" { result.append("0") }
            afterDot = character == "."
            result.append(character)
        }
        return result
    }
}
