internal import Glibc

/// Numbers as Python reads and prints them.
enum PythonNumber {
    /// Python's `repr` of a float: the shortest digits that read back the same, with an exponent below 1e-4 and from
    /// 1e16 on.
    static func text(of number: Double) -> String {
        if number.isNaN { return "nan" }
        if number.isInfinite { return number < 0 ? "-inf" : "inf" }
        let sign = number.sign == .minus ? "-" : ""
        let (digits, point) = decimal(number.magnitude)
        if point > 16 || point < -3 {
            let fraction = digits.count > 1 ? "." + digits.dropFirst() : ""
            let exponent = abs(point - 1)
            return sign + String(digits.prefix(1)) + fraction + "e" + (point - 1 < 0 ? "-" : "+")
                + (exponent < 10 ? "0" : "") + String(exponent)
        }
        if point <= 0 { return sign + "0." + String(repeating: "0", count: -point) + digits }
        if digits.count <= point {
            return sign + digits + String(repeating: "0", count: point - digits.count) + ".0"
        }
        return sign + digits.prefix(point) + "." + digits.dropFirst(point)
    }

    /// The significant digits, and where the decimal point stands relative to the first of them.
    private static func decimal(_ number: Double) -> (digits: String, point: Int) {
        let description = number.description
        let parts = description.split(separator: "e")
        let exponent = parts.count > 1 ? Int(parts[1]) ?? 0 : 0
        let mantissa = parts.first ?? "0"
        let halves = mantissa.split(separator: ".", omittingEmptySubsequences: false)
        let whole = halves.first ?? "0"
        let fraction = halves.count > 1 ? halves[1] : ""
        let all = String(whole + fraction)
        let leading = all.prefix { $0 == "0" }.count
        var digits = String(all.dropFirst(leading))
        while digits.last == "0" { digits.removeLast() }
        guard !digits.isEmpty else { return ("0", 1) }
        return (digits, whole.count + exponent - leading)
    }

    /// A number by C's rules for `%f`, `%e` and `%g`, correctly rounded.
    static func formatted(_ number: Double, conversion: Character, precision: Int) -> String {
        let bounded = min(max(precision, 0), 400)
        var buffer = [CChar](repeating: 0, count: 800)
        let written = withVaList([Int32(bounded), number]) { vsnprintf(&buffer, buffer.count, "%.*\(conversion)", $0) }
        guard written > 0 else { return "" }
        return String(decoding: buffer.prefix(Int(written)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Python's `int(text, base)`: blanks around, a sign, underscores between digits, a prefix for base 16, 8, 2 or 0.
    static func int(_ text: String, base: Int = 10) -> Int? {
        var digits = text.trimmed()[...]
        var sign = ""
        if let first = digits.first, first == "-" || first == "+" {
            sign = String(first)
            digits.removeFirst()
        }
        var radix = base
        let prefixes = ["0x": 16, "0o": 8, "0b": 2]
        if let marked = prefixes[digits.prefix(2).lowercased()], base == marked || base == 0 {
            radix = marked
            digits = digits.dropFirst(2)
        } else if base == 0 {
            radix = 10
        }
        guard (2...36).contains(radix), isDigits(digits) else { return nil }
        return Int(sign + digits.filter { $0 != "_" }, radix: radix)
    }

    private static func isDigits(_ text: Substring) -> Bool {
        guard let first = text.first, let last = text.last, first != "_", last != "_" else { return false }
        return !text.contains("__") && text.utf8.allSatisfy { $0.isNamePart && $0 < 0x80 }
    }

    /// Python's `float(text)`.
    static func double(_ text: String) -> Double? {
        let bare = text.trimmed().filter { $0 != "_" }.lowercased()
        switch bare {
        case "inf", "+inf", "infinity", "+infinity": return .infinity
        case "-inf", "-infinity": return -.infinity
        case "nan", "+nan", "-nan": return .nan
        default: break
        }
        guard bare.utf8.allSatisfy({ $0.isDigit || "+-.e".utf8.contains($0) }) else { return nil }
        return Double(bare) ?? (bare.hasSuffix(".") ? Double(bare + "0") : nil)
    }
}
