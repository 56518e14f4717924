extension Datum {
    /// Python's `str`: what the value writes into text.
    func text() throws -> String {
        switch self {
        case .string(let text): text
        case .undefined(let undefined) where undefined.isBlank: ""
        case .object(let object) where !(object is Namespace || object is Group): object.text
        default: try repr()
        }
    }

    /// Python's `repr`: how the value looks inside of a list.
    func repr() throws -> String {
        var printer = ReprPrinter()
        try printer.write(self)
        return printer.text
    }
}

/// Prints values as Python does, a container that holds itself as `[...]`.
private struct ReprPrinter {
    private(set) var text = ""
    private var open: [ObjectIdentifier] = []
    private static let maximumDepth = 200

    mutating func write(_ datum: Datum) throws {
        switch datum {
        case .undefined(let undefined): throw undefined.fault
        case .null: text += "None"
        case .bool(let truth): text += truth ? "True" : "False"
        case .int(let number): text += String(number)
        case .double(let number): text += PythonNumber.text(of: number)
        case .string(let string): text += PythonText.repr(string)
        case .list(let box): try write(box.items, in: box, brackets: ("[", "]"))
        case .tuple(let box): try write(box)
        case .map(let box): try write(box)
        case .object(let namespace as Namespace):
            guard try enter(namespace, otherwise: "<Namespace ...>") else { return }
            text += "<Namespace "
            try write(.map(MapBox(namespace.values)))
            text += ">"
            open.removeLast()
        case .object(let group as Group):
            guard try enter(group, otherwise: "(...)") else { return }
            try write(.tuple(group.elements ?? []))
            open.removeLast()
        case .object(let object): text += object.text
        }
        try Limits.checkText(text.utf8.count)
    }

    private mutating func enter(_ object: AnyObject, otherwise: String) throws -> Bool {
        guard !open.contains(ObjectIdentifier(object)) else {
            text += otherwise
            return false
        }
        guard open.count < Self.maximumDepth else { throw Fault("value is nested too deeply to be printed") }
        open.append(ObjectIdentifier(object))
        return true
    }

    private mutating func write(_ items: [Datum], in box: ListBox, brackets: (String, String)) throws {
        guard try enter(box, otherwise: "[...]") else { return }
        text += brackets.0
        try writeItems(items)
        text += brackets.1
        open.removeLast()
    }

    private mutating func write(_ box: TupleBox) throws {
        guard try enter(box, otherwise: "(...)") else { return }
        text += "("
        try writeItems(box.items)
        text += box.items.count == 1 ? ",)" : ")"
        open.removeLast()
    }

    private mutating func writeItems(_ items: [Datum]) throws {
        for (index, item) in items.enumerated() {
            if index > 0 { text += ", " }
            try write(item)
        }
    }

    private mutating func write(_ box: MapBox) throws {
        guard try enter(box, otherwise: "{...}") else { return }
        text += "{"
        for (index, pair) in box.table.pairs.enumerated() {
            if index > 0 { text += ", " }
            try write(pair.key)
            text += ": "
            try write(pair.value)
        }
        text += "}"
        open.removeLast()
    }
}

/// How Python prints text inside of containers.
enum PythonText {
    static func repr(_ text: String) -> String {
        let quote: Unicode.Scalar =
            text.unicodeScalars.contains("'") && !text.unicodeScalars.contains("\"") ? "\"" : "'"
        var result = String.UnicodeScalarView()
        result.append(quote)
        for scalar in text.unicodeScalars {
            switch scalar {
            case quote, "\\":
                result.append("\\")
                result.append(scalar)
            case "\n": result.append(contentsOf: "\\n".unicodeScalars)
            case "\r": result.append(contentsOf: "\\r".unicodeScalars)
            case "\t": result.append(contentsOf: "\\t".unicodeScalars)
            case _ where isPrintable(scalar): result.append(scalar)
            default: result.append(contentsOf: escape(scalar).unicodeScalars)
            }
        }
        result.append(quote)
        return String(result)
    }

    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.isASCII { return scalar.value >= 0x20 && scalar.value < 0x7F }
        switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator,
            .spaceSeparator:
            return false
        default: return true
        }
    }

    private static func escape(_ scalar: Unicode.Scalar) -> String {
        let digits = String(scalar.value, radix: 16)
        let (letter, width) = scalar.value < 0x100 ? ("x", 2) : scalar.value < 0x10000 ? ("u", 4) : ("U", 8)
        return "\\" + letter + String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}
