extension Datum {
    /// Python's truth: nothing, zero and whatever is empty are false.
    var isTrue: Bool {
        get throws {
            switch self {
            case .undefined(let undefined) where undefined.isBlank: false
            case .undefined(let undefined): throw undefined.fault
            case .null: false
            case .bool(let truth): truth
            case .int(let number): number != 0
            case .double(let number): number != 0
            case .string(let text): !text.isEmpty
            case .list(let box): box.count > 0
            case .tuple(let box): !box.items.isEmpty
            case .map(let box): box.count > 0
            case .object: true
            }
        }
    }

    /// The text, if it is text.
    var plainText: String? { if case .string(let text) = self { text } else { nil } }

    /// What a loop over it yields: items, keys, or characters.
    func elements() throws -> [Datum] {
        switch self {
        case .undefined(let undefined):
            if undefined.isBlank { return [] }
            throw undefined.fault
        case .list(let box): return box.items
        case .tuple(let box): return box.items
        case .map(let box): return box.table.keys
        case .string(let text): return text.unicodeScalars.map { .string(String($0)) }
        case .object(let object):
            if let elements = object.elements { return elements }
        default: break
        }
        throw Fault("\(kindName) cannot be iterated over", detail: shown.map { "it is \($0)" })
    }

    /// How it looks, cut to a length that fits a message; nil if it is too odd to print.
    var shown: String? {
        guard let text = try? repr() else { return nil }
        return text.count > 60 ? text.prefix(57) + "..." : text
    }

    /// Python's `len`.
    func length() throws -> Int {
        switch self {
        case .undefined(let undefined): throw undefined.fault
        case .string(let text): return text.unicodeScalars.count
        case .list(let box): return box.count
        case .tuple(let box): return box.items.count
        case .map(let box): return box.count
        case .object(let object):
            if let elements = object.elements { return elements.count }
        default: break
        }
        throw Fault("\(kindName) has no length", detail: shown.map { "it is \($0)" })
    }
}
