/// JSON as Python's `json.dumps` writes it.
struct PythonJSON {
    private let indent: Int?
    private let sortedKeys: Bool
    private let onlyASCII: Bool
    private var text = ""
    private var depth = 0
    private static let maximumDepth = 200

    static func text(of datum: Datum, indent: Int?, sortedKeys: Bool, onlyASCII: Bool) throws -> String {
        var writer = PythonJSON(indent: indent, sortedKeys: sortedKeys, onlyASCII: onlyASCII)
        try writer.write(datum)
        return writer.text
    }

    private init(indent: Int?, sortedKeys: Bool, onlyASCII: Bool) {
        self.indent = indent.map { min(max($0, 0), 64) }
        self.sortedKeys = sortedKeys
        self.onlyASCII = onlyASCII
    }

    private mutating func write(_ datum: Datum) throws {
        switch datum {
        case .undefined(let undefined): throw undefined.fault
        case .null: text += "null"
        case .bool(let truth): text += truth ? "true" : "false"
        case .int(let number): text += String(number)
        case .double(let number):
            text +=
                number.isNaN
                ? "NaN" : number.isInfinite ? (number < 0 ? "-Infinity" : "Infinity") : PythonNumber.text(of: number)
        case .string(let string): writeString(string)
        case .list(let box): try writeItems(box.items, "[", "]") { try $0.write($1) }
        case .tuple(let box): try writeItems(box.items, "[", "]") { try $0.write($1) }
        case .map(let box):
            var pairs = try box.table.pairs.map { (name: try Self.key($0.key), value: $0.value) }
            if sortedKeys { pairs.sort { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) } }
            try writeItems(pairs, "{", "}") { writer, pair in
                writer.writeString(pair.name)
                writer.text += ": "
                try writer.write(pair.value)
            }
        case .object(let object):
            guard let elements = object.elements else { throw Fault("a \(object.typeName) cannot be written as JSON") }
            try write(.list(elements))
        }
        try Limits.checkText(text.utf8.count)
    }

    private static func key(_ datum: Datum) throws -> String {
        switch datum {
        case .string(let text): return text
        case .null: return "null"
        case .bool(let truth): return truth ? "true" : "false"
        case .int, .double: return try datum.text()
        default: throw Fault("\(datum.kindName) cannot be a key in JSON")
        }
    }

    private mutating func writeItems<Item>(
        _ items: [Item], _ open: String, _ close: String, _ body: (inout PythonJSON, Item) throws -> Void
    ) throws {
        guard depth < Self.maximumDepth else { throw Fault("value is nested too deeply for JSON, or contains itself") }
        depth += 1
        text += open
        for (index, item) in items.enumerated() {
            if index > 0 { text += indent == nil ? ", " : "," }
            breakLine()
            try body(&self, item)
        }
        depth -= 1
        if !items.isEmpty { breakLine() }
        text += close
    }

    private mutating func breakLine() {
        guard let indent else { return }
        text += "\n" + String(repeating: " ", count: indent * depth)
    }

    private mutating func writeString(_ string: String) {
        text += "\""
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            case "\u{08}": text += "\\b"
            case "\u{0C}": text += "\\f"
            default:
                if scalar.value < 0x20 || (onlyASCII && !scalar.isASCII) {
                    for unit in String(scalar).utf16 {
                        let digits = String(unit, radix: 16)
                        text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
                    }
                } else {
                    text.unicodeScalars.append(scalar)
                }
            }
        }
        text += "\""
    }
}
