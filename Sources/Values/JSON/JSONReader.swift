/// Reads JSON from UTF-8 bytes.
struct JSONReader {
    private let bytes: [UInt8]
    private var index = 0
    private var places: Places
    /// How far lines and columns are counted: places are asked for in order, so that each byte is counted once.
    private var counted = (index: 0, line: 0, column: 0)

    private static let deepest = 200

    init(_ source: SourceText) {
        bytes = Array(source.text.utf8)
        places = Places(source)
    }

    mutating func document() throws(Diagnostic) -> Value {
        let value = try value(depth: 0)
        skipBlanks()
        guard index == bytes.count else { throw unexpected("the end of the text") }
        return value
    }

    private mutating func value(depth: Int) throws(Diagnostic) -> Value {
        skipBlanks()
        let mark = mark()
        guard depth < Self.deepest else {
            throw .error("JSON nested more than \(Self.deepest) levels deep", mark: mark)
        }
        switch peek {
        case UInt8(ascii: "{"): return Value(try object(depth: depth), at: mark)
        case UInt8(ascii: "["): return Value(try array(depth: depth), at: mark)
        case UInt8(ascii: "\""): return Value(try string(), at: mark)
        case UInt8(ascii: "t"): return Value(try word("true", .bool(true)), at: mark)
        case UInt8(ascii: "f"): return Value(try word("false", .bool(false)), at: mark)
        case UInt8(ascii: "n"): return Value(try word("null", .null), at: mark)
        case UInt8(ascii: "-"), .some(UInt8(ascii: "0")...UInt8(ascii: "9")): return Value(try number(), at: mark)
        default: throw unexpected("a value")
        }
    }

    private mutating func object(depth: Int) throws(Diagnostic) -> Mapping {
        var mapping = Mapping()
        index += 1
        skipBlanks()
        if take("}") { return mapping }
        while true {
            skipBlanks()
            let place = mark()
            guard peek == UInt8(ascii: "\"") else { throw unexpected("a key in double quotes") }
            let key = Value(try string(), at: place)
            if let earlier = mapping.key(key) {
                throw .error(
                    "duplicate key \"\(key.string ?? "")\"", detail: earlier.mark.map { "it stands already at \($0)" },
                    mark: place)
            }
            skipBlanks()
            guard take(":") else { throw unexpected("\":\"") }
            mapping[key] = try value(depth: depth + 1)
            skipBlanks()
            if take("}") { return mapping }
            guard take(",") else { throw unexpected("\",\" or \"}\"") }
        }
    }

    private mutating func array(depth: Int) throws(Diagnostic) -> [Value] {
        var items: [Value] = []
        index += 1
        skipBlanks()
        if take("]") { return items }
        while true {
            items.append(try value(depth: depth + 1))
            skipBlanks()
            if take("]") { return items }
            guard take(",") else { throw unexpected("\",\" or \"]\"") }
        }
    }

    private mutating func word(_ word: String, _ kind: Value.Kind) throws(Diagnostic) -> Value.Kind {
        guard bytes[index...].starts(with: word.utf8) else { throw unexpected("a value") }
        index += word.utf8.count
        return kind
    }

    private mutating func number() throws(Diagnostic) -> Value.Kind {
        let start = index
        _ = take("-")
        let whole = digits()
        guard whole > 0, whole == 1 || bytes[index - whole] != UInt8(ascii: "0") else { throw unexpected("a number") }
        var isWhole = true
        if take(".") {
            isWhole = false
            guard digits() > 0 else { throw unexpected("a digit") }
        }
        if take("e") || take("E") {
            isWhole = false
            if !take("+") { _ = take("-") }
            guard digits() > 0 else { throw unexpected("a digit") }
        }
        let text = String(decoding: bytes[start..<index], as: UTF8.self)
        if isWhole, let number = Int(text) { return .int(number) }
        guard let number = Double(text), number.isFinite else { throw unexpected("a number of reasonable size") }
        return .double(number)
    }

    private mutating func digits() -> Int {
        let start = index
        while let byte = peek, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { index += 1 }
        return index - start
    }

    private mutating func string() throws(Diagnostic) -> String {
        index += 1
        var result: [UInt8] = []
        while let byte = peek {
            switch byte {
            case UInt8(ascii: "\""):
                index += 1
                return String(decoding: result, as: UTF8.self)
            case UInt8(ascii: "\\"):
                index += 1
                result.append(contentsOf: try escape().utf8)
            case 0..<0x20: throw unexpected("an escape for the control character")
            default:
                result.append(byte)
                index += 1
            }
        }
        throw unexpected("the closing quote")
    }

    private mutating func escape() throws(Diagnostic) -> String {
        let plain: [UInt8: String] = [
            UInt8(ascii: "\""): "\"", UInt8(ascii: "\\"): "\\", UInt8(ascii: "/"): "/", UInt8(ascii: "b"): "\u{8}",
            UInt8(ascii: "f"): "\u{C}", UInt8(ascii: "n"): "\n", UInt8(ascii: "r"): "\r", UInt8(ascii: "t"): "\t",
        ]
        if let byte = peek, let text = plain[byte] {
            index += 1
            return text
        }
        guard take("u") else { throw unexpected("an escape such as \\n") }
        let unit = try hexUnit()
        guard unit & 0xFC00 == 0xD800 else { return Unicode.Scalar(unit).map(String.init) ?? "\u{FFFD}" }
        let afterFirst = index
        if take("\\"), take("u") {
            let low = try hexUnit()
            if low & 0xFC00 == 0xDC00 {
                return Unicode.Scalar(0x10000 + (unit & 0x3FF) << 10 + low & 0x3FF).map(String.init) ?? "\u{FFFD}"
            }
        }
        index = afterFirst
        return "\u{FFFD}"
    }

    private mutating func hexUnit() throws(Diagnostic) -> UInt32 {
        let end = index + 4
        guard end <= bytes.count, bytes[index..<end].allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
            let unit = UInt32(String(decoding: bytes[index..<end], as: UTF8.self), radix: 16)
        else { throw unexpected("four hexadecimal digits") }
        index = end
        return unit
    }

    private var peek: UInt8? { index < bytes.count ? bytes[index] : nil }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard peek == UInt8(ascii: character) else { return false }
        index += 1
        return true
    }

    private mutating func skipBlanks() {
        while let byte = peek, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { index += 1 }
    }

    private mutating func mark() -> Mark {
        while counted.index < index {
            let byte = bytes[counted.index]
            counted.index += 1
            if byte == UInt8(ascii: "\n") {
                counted.line += 1
                counted.column = 0
            } else if byte & 0xC0 != 0x80 {
                counted.column += 1
            }
        }
        return places.mark(line: counted.line, column: counted.column)
    }

    private mutating func unexpected(_ expected: String) -> Diagnostic {
        let found =
            peek.map { byte in
                byte < 0x80 ? "\"\(Character(Unicode.Scalar(byte)))\"" : "a character"
            } ?? "the end of the text"
        return .error("not valid JSON: expected \(expected), found \(found)", mark: mark())
    }
}
