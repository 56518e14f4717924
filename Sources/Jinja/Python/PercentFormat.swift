/// Python's `format % values`.
struct PercentFormat {
    private struct Field {
        var key: String?
        var isLeft = false
        var showsSign = false
        var leavesBlank = false
        var padsZeros = false
        var isAlternate = false
        var width = 0
        var precision: Int?
    }

    private let scalars: [Unicode.Scalar]
    private var position = 0
    private let values: [Datum]
    private let mapping: MapBox?
    /// A list or mapping may stay unused.
    private let takesAny: Bool
    private var used = 0
    private var result = ""

    private init(_ format: String, _ argument: Datum) {
        scalars = Array(format.unicodeScalars)
        if case .tuple(let box) = argument { values = box.items } else { values = [argument] }
        if case .map(let box) = argument { mapping = box } else { mapping = nil }
        if case .list = argument { takesAny = true } else { takesAny = mapping != nil }
    }

    static func format(_ format: String, _ argument: Datum) throws -> String {
        var formatter = PercentFormat(format, argument)
        return try formatter.run()
    }

    private mutating func run() throws -> String {
        var usedMapping = false
        while position < scalars.count {
            let scalar = scalars[position]
            position += 1
            guard scalar == "%" else {
                result.unicodeScalars.append(scalar)
                continue
            }
            var field = Field()
            try readField(&field)
            guard position < scalars.count else { throw Fault("format ends in the middle of a \"%\" field") }
            let conversion = scalars[position]
            position += 1
            if conversion == "%" {
                result += "%"
                continue
            }
            usedMapping = usedMapping || field.key != nil
            result += Self.pad(try convert(conversion, field), field, conversion)
            try Limits.checkText(result.utf8.count)
        }
        if !takesAny, !usedMapping, used < values.count {
            throw Fault(
                "not all values were used by the format", detail: "it has \(used) fields for \(values.count) values")
        }
        return result
    }

    private mutating func readField(_ field: inout Field) throws {
        if current == "(" {
            guard let close = scalars[position...].firstIndex(of: ")") else { throw Fault("missing \")\" in format") }
            field.key = String(String.UnicodeScalarView(scalars[position + 1..<close]))
            position = close + 1
        }
        flags: while true {
            switch current {
            case "-": field.isLeft = true
            case "+": field.showsSign = true
            case " ": field.leavesBlank = true
            case "0": field.padsZeros = true
            case "#": field.isAlternate = true
            default: break flags
            }
            position += 1
        }
        field.width = try readNumber() ?? 0
        if field.width < 0 {
            field.isLeft = true
            field.width = -field.width
        }
        if current == "." {
            position += 1
            field.precision = try readNumber() ?? 0
        }
        while let letter = current, letter == "l" || letter == "h" || letter == "L" { position += 1 }
        try Limits.checkText(max(field.width, field.precision ?? 0))
    }

    private var current: Unicode.Scalar? { position < scalars.count ? scalars[position] : nil }

    private mutating func readNumber() throws -> Int? {
        if current == "*" {
            position += 1
            guard case .int(let number) = try next(key: nil) else {
                throw Fault("\"*\" in a format needs a whole number")
            }
            return number
        }
        var number: Int?
        while let scalar = current, let digit = Int(String(scalar)), scalar.isASCII {
            number = min((number ?? 0) * 10 + digit, Int(Int32.max))
            position += 1
        }
        return number
    }

    private mutating func next(key: String?) throws -> Datum {
        if let key {
            guard let mapping else { throw Fault("format \"%(\(key))\" needs a mapping") }
            guard let value = mapping[key] else { throw Fault("format needs the key \"\(key)\"") }
            return value
        }
        guard used < values.count else { throw Fault("not enough values for the format") }
        used += 1
        return values[used - 1]
    }

    private mutating func convert(_ conversion: Unicode.Scalar, _ field: Field) throws -> String {
        let value = try next(key: field.key)
        switch conversion {
        case "s", "r", "a":
            let text = conversion == "s" ? try value.text() : try value.repr()
            return field.precision.map { String(text.unicodeScalars.prefix($0)) } ?? text
        case "d", "i", "u": return try signed(Self.whole(value), field)
        case "x", "X", "o":
            let number = try Self.whole(value)
            let digits = String(number.magnitude, radix: conversion == "o" ? 8 : 16, uppercase: conversion == "X")
            let prefix = field.isAlternate ? "0\(conversion)" : ""
            return (number < 0 ? "-" : field.showsSign ? "+" : "") + prefix + digits
        case "f", "F", "e", "E", "g", "G":
            guard let number = value.asDouble else {
                throw Fault("format \"%\(conversion)\" needs a number, not \(value.kindName)")
            }
            let text = PythonNumber.formatted(
                number.magnitude, conversion: Character(conversion), precision: field.precision ?? 6)
            return (number.sign == .minus ? "-" : field.showsSign ? "+" : field.leavesBlank ? " " : "") + text
        case "c":
            if case .int(let number) = value, let scalar = UInt32(exactly: number).flatMap(Unicode.Scalar.init) {
                return String(scalar)
            }
            return try value.text()
        default: throw Fault("unknown format \"%\(conversion)\"")
        }
    }

    private func signed(_ number: Int, _ field: Field) -> String {
        let digits = String(number.magnitude)
        let zeros = String(repeating: "0", count: max(0, (field.precision ?? 0) - digits.count))
        return (number < 0 ? "-" : field.showsSign ? "+" : field.leavesBlank ? " " : "") + zeros + digits
    }

    private static func whole(_ value: Datum) throws -> Int {
        switch value {
        case .int(let number): return number
        case .bool(let truth): return truth ? 1 : 0
        case .double(let number):
            guard let whole = Int(exactly: number.rounded(.towardZero)) else { throw Datum.overflow }
            return whole
        case .undefined(let undefined): throw undefined.fault
        default: throw Fault("format needs a number, not \(value.kindName)")
        }
    }

    private static func pad(_ text: String, _ field: Field, _ conversion: Unicode.Scalar) -> String {
        let missing = field.width - text.unicodeScalars.count
        guard missing > 0 else { return text }
        if field.isLeft { return text + String(repeating: " ", count: missing) }
        guard field.padsZeros, conversion != "s", conversion != "r" else {
            return String(repeating: " ", count: missing) + text
        }
        let sign = text.prefix { "+- ".contains($0) }
        return sign + String(repeating: "0", count: missing) + text.dropFirst(sign.count)
    }
}
