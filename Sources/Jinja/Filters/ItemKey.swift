/// Gets from an item what `attribute="a.b"` names.
struct ItemKey {
    private let parts: [Datum]
    private let fallback: Datum?
    private let ignoresCase: Bool

    /// - Parameter attribute: dotted text, a number, or nothing for the item itself.
    init(_ attribute: Datum?, default fallback: Datum? = nil, ignoresCase: Bool = false) {
        switch attribute {
        case nil, .null?: parts = []
        case .string(let path)?:
            parts = path.split(separator: ".", omittingEmptySubsequences: false).map { part in
                part.utf8.allSatisfy(\.isDigit)
                    ? Int(part).map { .int($0) } ?? .string(String(part)) : .string(String(part))
            }
        case let other?: parts = [other]
        }
        self.fallback = fallback
        self.ignoresCase = ignoresCase
    }

    func callAsFunction(_ item: Datum) throws -> Datum {
        var value = item
        for part in parts {
            if let found = try value.item(part) {
                value = found
            } else if let fallback, !fallback.isNull {
                value = fallback
            } else {
                let name = (try? part.text()) ?? ""
                value = .undefined(
                    Undefined(
                        "\(value.kindName) has no \"\(name)\"", name: name, detail: value.shown.map { "it is \($0)" }))
            }
        }
        if ignoresCase, case .string(let text) = value { return .string(text.lowercased()) }
        return value
    }
}
