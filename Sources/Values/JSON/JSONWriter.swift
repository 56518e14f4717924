/// Appends values as JSON to a text.
struct JSONWriter {
    let pretty: Bool
    let sortedKeys: Bool
    private(set) var text = ""

    init(pretty: Bool, sortedKeys: Bool) {
        self.pretty = pretty
        self.sortedKeys = sortedKeys
    }

    mutating func write(_ value: Value, depth: Int) {
        switch value.kind {
        case .null: text += "null"
        case .bool(let truth): text += truth ? "true" : "false"
        case .int(let number): text += String(number)
        case .double(let number): text += number.isFinite ? number.description : "null"
        case .string(let string): write(string)
        case .list(let items):
            list(items, brackets: ("[", "]"), depth: depth) { writer, item in writer.write(item, depth: depth + 1) }
        case .map(let mapping):
            var entries = mapping.map { (key: $0.key.scalarText ?? "null", value: $0.value) }
            if sortedKeys { entries.sort { $0.key.unicodeScalars.lexicographicallyPrecedes($1.key.unicodeScalars) } }
            list(entries, brackets: ("{", "}"), depth: depth) { writer, entry in
                writer.write(entry.key)
                writer.text += writer.pretty ? ": " : ":"
                writer.write(entry.value, depth: depth + 1)
            }
        }
    }

    private mutating func list<Item>(
        _ items: [Item], brackets: (String, String), depth: Int, _ write: (inout Self, Item) -> Void
    ) {
        text += brackets.0
        for (index, item) in items.enumerated() {
            if index > 0 { text += "," }
            newLine(depth: depth + 1)
            write(&self, item)
        }
        if !items.isEmpty { newLine(depth: depth) }
        text += brackets.1
    }

    private mutating func newLine(depth: Int) {
        if pretty { text += "\n" + String(repeating: "  ", count: depth) }
    }

    private mutating func write(_ string: String) {
        text += "\""
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            default:
                if scalar.value < 0x20 || scalar.value == 0x7F {
                    text += (scalar.value < 0x10 ? "\\u000" : "\\u00") + String(scalar.value, radix: 16)
                } else {
                    text.unicodeScalars.append(scalar)
                }
            }
        }
        text += "\""
    }
}
