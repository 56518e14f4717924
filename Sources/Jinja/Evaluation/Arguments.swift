internal import Values

/// The evaluated arguments of a call, filter or test.
struct Arguments {
    /// What is called, for messages.
    var callee: String
    var positional: [Datum] = []
    var named: [(name: String, value: Datum)] = []

    init(_ callee: String, _ positional: [Datum] = [], named: [(name: String, value: Datum)] = []) {
        self.callee = callee
        self.positional = positional
        self.named = named
    }

    var count: Int { positional.count + named.count }

    /// Values in the order of `parameters`, nil for what was not given.
    /// - Throws: a `Fault` for too many, unknown, doubly given or missing arguments.
    func bound(to parameters: [String], required: Int = 0) throws -> [Datum?] {
        guard positional.count <= parameters.count else {
            throw Fault(
                "\"\(callee)\" takes \(Self.number(parameters.count)), but \(positional.count) were given",
                detail: parameters.isEmpty ? nil : "its arguments are " + Self.quoted(parameters))
        }
        var result: [Datum?] = positional + [Datum?](repeating: nil, count: parameters.count - positional.count)
        for (name, value) in named {
            guard let index = parameters.firstIndex(of: name) else {
                throw Fault(
                    "\"\(callee)\" has no argument \"\(name)\"",
                    detail: parameters.isEmpty ? "it takes none" : "its arguments are " + Self.quoted(parameters),
                    hint: NearestName.hint(for: name, among: parameters))
            }
            guard result[index] == nil else { throw Fault("argument \"\(name)\" of \"\(callee)\" is given twice") }
            result[index] = value
        }
        for index in 0..<required where result[index] == nil {
            throw Fault("\"\(callee)\" needs the argument \"\(parameters[index])\"")
        }
        return result
    }

    static func quoted(_ names: some Sequence<String>) -> String { names.map { "\"\($0)\"" }.joined(separator: ", ") }
    private static func number(_ count: Int) -> String {
        switch count {
        case 0: "no arguments"
        case 1: "at most 1 argument"
        default: "at most \(count) arguments"
        }
    }
}

extension [Datum?] {
    /// Text; `none` counts as not given.
    func text(_ index: Int, _ name: String) throws -> String? {
        switch self[index] {
        case nil, .null?: return nil
        case .string(let text)?: return text
        case let other?: throw Self.mistake(name, expected: "text", found: other)
        }
    }

    func int(_ index: Int, _ name: String) throws -> Int? {
        switch self[index] {
        case nil, .null?: return nil
        case .int(let number)?: return number
        case .bool(let truth)?: return truth ? 1 : 0
        case let other?: throw Self.mistake(name, expected: "a whole number", found: other)
        }
    }

    func truth(_ index: Int) throws -> Bool? { try self[index]?.isTrue }

    /// What was given, `none` included; something undefined is an error.
    func datum(_ index: Int) throws -> Datum? {
        if case .undefined(let undefined)? = self[index] { throw undefined.fault }
        return self[index]
    }

    private static func mistake(_ name: String, expected: String, found: Datum) -> Fault {
        if case .undefined(let undefined) = found { return undefined.fault }
        return Fault("argument \"\(name)\" must be \(expected), not \(found.kindName)")
    }
}
