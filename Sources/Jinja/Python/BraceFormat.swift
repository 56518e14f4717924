/// Python's `text.format(...)`.
struct BraceFormat {
    private let scalars: [Unicode.Scalar]
    private var position = 0
    private let arguments: Arguments
    private var automatic = 0
    private var result = ""

    static func format(_ text: String, _ arguments: Arguments) throws -> String {
        var formatter = BraceFormat(scalars: Array(text.unicodeScalars), arguments: arguments)
        try formatter.run()
        return formatter.result
    }

    private init(scalars: [Unicode.Scalar], arguments: Arguments) {
        self.scalars = scalars
        self.arguments = arguments
    }

    private mutating func run() throws {
        while position < scalars.count {
            let scalar = scalars[position]
            position += 1
            let isDoubled = position < scalars.count && scalars[position] == scalar
            switch scalar {
            case "{" where isDoubled, "}" where isDoubled:
                position += 1
                result.unicodeScalars.append(scalar)
            case "{": result += try field()
            case "}": throw Fault("single \"}\" in a format")
            default: result.unicodeScalars.append(scalar)
            }
            try Limits.checkText(result.utf8.count)
        }
    }

    /// A field, behind its `{`; its `}` is read too.
    private mutating func field() throws -> String {
        var name = ""
        var conversion: Unicode.Scalar?
        var specification = ""
        var brackets = 0
        while let scalar = take(), !(scalar == "}" && brackets == 0) {
            if brackets == 0, scalar == "!" {
                conversion = take()
                continue
            }
            if brackets == 0, scalar == ":" {
                specification = try readSpecification()
                break
            }
            if scalar == "[" { brackets += 1 }
            if scalar == "]" { brackets -= 1 }
            name.unicodeScalars.append(scalar)
        }
        guard position <= scalars.count, scalars[position - 1] == "}" else { throw Fault("missing \"}\" in a format") }
        let value = try lookUp(name)
        switch conversion {
        case nil: return try FormatSpecification(specification).format(value)
        case "r", "a": return try FormatSpecification(specification).format(.string(try value.repr()))
        default: return try FormatSpecification(specification).format(.string(try value.text()))
        }
    }

    private mutating func take() -> Unicode.Scalar? {
        guard position < scalars.count else { return nil }
        position += 1
        return scalars[position - 1]
    }

    /// The text up to the field's end; a `{}` inside is replaced by its value.
    private mutating func readSpecification() throws -> String {
        var text = ""
        while let scalar = take(), scalar != "}" {
            if scalar == "{" { text += try field() } else { text.unicodeScalars.append(scalar) }
        }
        return text
    }

    /// `0`, `name`, `0.attribute`, `name[key]`, or nothing for the next one.
    private mutating func lookUp(_ path: String) throws -> Datum {
        let head = String(path.prefix { $0 != "." && $0 != "[" })
        var value = try argument(head)
        var rest = path.dropFirst(head.count)
        while let sign = rest.first {
            rest = rest.dropFirst()
            let key: String
            let found: Datum?
            if sign == "[" {
                key = String(rest.prefix { $0 != "]" })
                rest = rest.dropFirst(key.count + 1)
                found = try value.item(Int(key).map { .int($0) } ?? .string(key))
            } else {
                key = String(rest.prefix { $0 != "." && $0 != "[" })
                rest = rest.dropFirst(key.count)
                found = try value.attribute(key)
            }
            guard let found else {
                throw Fault("\(value.kindName) has no \"\(key)\"", detail: "in the format field \"\(path)\"")
            }
            value = found
        }
        return value
    }

    private mutating func argument(_ name: String) throws -> Datum {
        var index = Int(name)
        if name.isEmpty {
            index = automatic
            automatic += 1
        }
        if let index {
            guard let value = arguments.positional.element(index), index >= 0 else {
                throw Fault("the format has more fields than there are values")
            }
            return value
        }
        guard let value = arguments.named.first(where: { $0.name == name })?.value else {
            throw Fault("the format's field \"\(name)\" was not given")
        }
        return value
    }
}
