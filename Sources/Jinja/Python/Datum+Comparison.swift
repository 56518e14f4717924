extension Datum {
    private static let maximumDepth = 200

    func compares(_ operation: Comparison, _ other: Datum) throws -> Bool {
        switch operation {
        case .equal: try isEqual(to: other)
        case .notEqual: try !isEqual(to: other)
        case .less: try isLess(than: other, sign: "<")
        case .greater: try other.isLess(than: self, sign: ">")
        case .lessEqual: try isLess(than: other, sign: "<=") || isEqual(to: other)
        case .greaterEqual: try other.isLess(than: self, sign: ">=") || isEqual(to: other)
        case .isIn: try other.contains(self)
        case .notIn: try !other.contains(self)
        }
    }

    /// Python's `==`: numbers by their value, text by its scalars, containers by their content.
    func isEqual(to other: Datum, depth: Int = 0) throws -> Bool {
        guard depth < Self.maximumDepth else { throw Fault("values are nested too deeply to be compared") }
        switch (self, other) {
        case (.undefined(let undefined), _), (_, .undefined(let undefined)): throw undefined.fault
        case (.null, .null): return true
        case (.string(let left), .string(let right)): return left.utf8.elementsEqual(right.utf8)
        case (.int(let left), .int(let right)): return left == right
        case (.list(let left), .list(let right)):
            return try left === right || Self.areEqual(left.items, right.items, depth)
        case (.tuple(let left), .tuple(let right)): return try Self.areEqual(left.items, right.items, depth)
        case (.map(let left), .map(let right)):
            return try left === right || Self.areEqual(left.table, right.table, depth)
        case (.object(let left), .object(let right)): return left === right
        default:
            guard let left = asDouble, let right = other.asDouble else { return false }
            return left == right
        }
    }

    private static func areEqual(_ left: [Datum], _ right: [Datum], _ depth: Int) throws -> Bool {
        guard left.count == right.count else { return false }
        for (mine, theirs) in zip(left, right) where try !mine.isEqual(to: theirs, depth: depth + 1) { return false }
        return true
    }

    private static func areEqual(_ left: MapTable, _ right: MapTable, _ depth: Int) throws -> Bool {
        guard left.count == right.count else { return false }
        for (key, value) in left.pairs {
            guard let other = right[try DatumKey(key)], try value.isEqual(to: other, depth: depth + 1) else {
                return false
            }
        }
        return true
    }

    /// Python's `<`.
    func isLess(than other: Datum, sign: String = "<", depth: Int = 0) throws -> Bool {
        guard depth < Self.maximumDepth else { throw Fault("values are nested too deeply to be compared") }
        switch (self, other) {
        case (.undefined(let undefined), _), (_, .undefined(let undefined)): throw undefined.fault
        case (.string(let left), .string(let right)): return left.utf8.lexicographicallyPrecedes(right.utf8)
        case (.int(let left), .int(let right)): return left < right
        case (.list(let left), .list(let right)): return try Self.isLess(left.items, right.items, sign, depth)
        case (.tuple(let left), .tuple(let right)): return try Self.isLess(left.items, right.items, sign, depth)
        default:
            guard let left = asDouble, let right = other.asDouble else {
                throw Fault("\(kindName) and \(other.kindName) cannot be compared by \"\(sign)\"")
            }
            return left < right
        }
    }

    private static func isLess(_ left: [Datum], _ right: [Datum], _ sign: String, _ depth: Int) throws -> Bool {
        for (mine, theirs) in zip(left, right) where try !mine.isEqual(to: theirs, depth: depth + 1) {
            return try mine.isLess(than: theirs, sign: sign, depth: depth + 1)
        }
        return left.count < right.count
    }

    /// Python's `in`: part of a text, item of a list, key of a mapping.
    func contains(_ element: Datum) throws -> Bool {
        if case .undefined(let undefined) = element { throw undefined.fault }
        switch self {
        case .undefined(let undefined): throw undefined.fault
        case .string(let text):
            guard case .string(let part) = element else {
                throw Fault("\"in\" on text needs text on its left, not \(element.kindName)")
            }
            return text.containsText(part)
        case .list(let box): return try Self.contains(box.items, element)
        case .tuple(let box): return try Self.contains(box.items, element)
        case .map(let box): return box.table[try DatumKey(element)] != nil
        case .object(let object):
            return try object.contains(element)
        default: throw Fault("\"in\" needs a list, a mapping or text on its right, not \(kindName)")
        }
    }

    static func contains(_ items: [Datum], _ element: Datum) throws -> Bool {
        // An undefined item is different from everything.
        for item in items where !item.isUndefined { if try item.isEqual(to: element) { return true } }
        return false
    }
}
