/// Python's format mini-language: `[[fill]align][sign][#][0][width][,][.precision][type]`.
struct FormatSpecification {
    private var fill: Unicode.Scalar = " "
    private var align: Unicode.Scalar?
    private var sign: Unicode.Scalar = "-"
    private var isAlternate = false
    private var width = 0
    private var grouping: Unicode.Scalar?
    private var precision: Int?
    private var type: Unicode.Scalar?

    init(_ text: String) throws {
        var rest = Array(text.unicodeScalars)[...]
        if let second = rest.dropFirst().first, "<>=^".unicodeScalars.contains(second), let first = rest.popFirst() {
            fill = first
            align = rest.popFirst()
        } else if let first = rest.first, "<>=^".unicodeScalars.contains(first) {
            align = rest.popFirst()
        }
        if let first = rest.first, "+- ".unicodeScalars.contains(first) { sign = rest.popFirst() ?? "-" }
        if rest.first == "#" { isAlternate = rest.popFirst() != nil }
        if rest.first == "0" {
            rest.removeFirst()
            if align == nil { (fill, align) = ("0", "=") }
        }
        width = Self.number(&rest) ?? 0
        if rest.first == "," || rest.first == "_" { grouping = rest.popFirst() }
        if rest.first == "." {
            rest.removeFirst()
            guard let digits = Self.number(&rest) else {
                throw Fault("format \":\(text)\" has no precision behind its dot")
            }
            precision = digits
        }
        type = rest.popFirst()
        guard rest.isEmpty else { throw Fault("invalid format \":\(text)\"") }
        try Limits.checkText(max(width, precision ?? 0))
    }

    private static func number(_ rest: inout ArraySlice<Unicode.Scalar>) -> Int? {
        var result: Int?
        while let first = rest.first, first.isASCII, let digit = Int(String(first)) {
            result = min((result ?? 0) * 10 + digit, Int(Int32.max))
            rest.removeFirst()
        }
        return result
    }

    func format(_ value: Datum) throws -> String {
        switch value {
        case .int(let number): return try format(number)
        case .bool(let truth) where type != nil && type != "s": return try format(truth ? 1 : 0)
        case .double(let number): return try format(number)
        default:
            guard type == nil || type == "s" else {
                throw Fault("format type \"\(type.map(String.init) ?? "")\" needs a number, not \(value.kindName)")
            }
            let text = try value.text()
            return pad("", precision.map { String(text.unicodeScalars.prefix($0)) } ?? text, standard: "<")
        }
    }

    private func format(_ number: Int) throws -> String {
        let mark = signText(number < 0)
        switch type {
        case nil, "d", "n": return pad(mark, grouped(String(number.magnitude)), standard: ">")
        case "b", "o", "x", "X":
            let radix = type == "b" ? 2 : type == "o" ? 8 : 16
            let prefix = isAlternate ? "0\(type.map(String.init) ?? "")" : ""
            return pad(mark + prefix, String(number.magnitude, radix: radix, uppercase: type == "X"), standard: ">")
        case "c":
            guard let scalar = UInt32(exactly: number).flatMap(Unicode.Scalar.init) else {
                throw Fault("\(number) is no character")
            }
            return pad("", String(scalar), standard: "<")
        default: return try format(Double(number))
        }
    }

    private func format(_ number: Double) throws -> String {
        let mark = signText(number.sign == .minus)
        let magnitude = number.magnitude
        switch type {
        case nil where precision == nil: return pad(mark, grouped(PythonNumber.text(of: magnitude)), standard: ">")
        case nil:
            return pad(
                mark, grouped(PythonNumber.formatted(magnitude, conversion: "g", precision: precision ?? 6)),
                standard: ">")
        case "f"?, "F"?, "e"?, "E"?, "g"?, "G"?:
            let text = PythonNumber.formatted(magnitude, conversion: Character(type ?? "f"), precision: precision ?? 6)
            return pad(mark, grouped(text), standard: ">")
        case "%"?:
            let text = PythonNumber.formatted(magnitude * 100, conversion: "f", precision: precision ?? 6)
            return pad(mark, grouped(text) + "%", standard: ">")
        default: throw Fault("format type \"\(type.map(String.init) ?? "")\" is not for fractions")
        }
    }

    private func signText(_ isNegative: Bool) -> String {
        if isNegative { return "-" }
        return sign == "-" ? "" : String(sign)
    }

    /// Thousands apart, in the digits before the point.
    private func grouped(_ text: String) -> String {
        guard let grouping else { return text }
        let digits = text.prefix { $0.isNumber }
        var result = ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0 { result.unicodeScalars.append(grouping) }
            result.append(digit)
        }
        return result + text.dropFirst(digits.count)
    }

    private func pad(_ mark: String, _ text: String, standard: Unicode.Scalar) -> String {
        let missing = max(0, width - mark.unicodeScalars.count - text.unicodeScalars.count)
        let filling = { (count: Int) in String(repeating: String(fill), count: count) }
        switch align ?? standard {
        case "<": return mark + text + filling(missing)
        case "^": return filling(missing / 2) + mark + text + filling(missing - missing / 2)
        case "=": return mark + filling(missing) + text
        default: return filling(missing) + mark + text
        }
    }
}
