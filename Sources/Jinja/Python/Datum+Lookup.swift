extension Datum {
    /// Jinja's `value.name`: a method or attribute first, then a key.
    func attribute(_ name: String) throws -> Datum? {
        switch self {
        case .undefined(let undefined): throw undefined.fault
        case .object(let object):
            if let found = try object.attribute(name) { return found }
            return try object.item(.string(name))
        case .map(let box):
            if MapMethods.names.contains(name) { return .object(BoundMethod(self, name)) }
            return box[name]
        default: return method(name)
        }
    }

    /// Jinja's `value[key]`: an item first, then an attribute.
    func item(_ key: Datum) throws -> Datum? {
        switch (self, key) {
        case (.undefined(let undefined), _), (_, .undefined(let undefined)): throw undefined.fault
        case (.map(let box), _):
            if let name = try? DatumKey(key), let found = box.table[name] { return found }
        case (.list(let box), .int(let index)): return box.items.element(index)
        case (.tuple(let box), .int(let index)): return box.items.element(index)
        case (.string(let text), .int(let index)):
            return Array(text.unicodeScalars).element(index).map { .string(String($0)) }
        case (.object(let object), _):
            if let found = try object.item(key) { return found }
        case (.list, .bool(let truth)), (.tuple, .bool(let truth)): return try item(.int(truth ? 1 : 0))
        default: break
        }
        guard case .string(let name) = key else { return nil }
        return method(name)
    }

    private func method(_ name: String) -> Datum? {
        let names: Set<String> =
            switch self {
            case .string: StringMethods.names
            case .list: ListMethods.names
            case .tuple: ["index", "count"]
            case .map: MapMethods.names
            case .double: ["is_integer"]
            case .int, .bool: ["bit_length"]
            default: []
            }
        return names.contains(name) ? .object(BoundMethod(self, name)) : nil
    }

    /// The names that could have been meant, for messages.
    var attributeNames: [String] {
        switch self {
        case .map(let box): box.table.keys.compactMap(\.plainText)
        case .string: StringMethods.names.sorted()
        case .list: ListMethods.names.sorted()
        case .object(let object): object.attributeNames
        default: []
        }
    }

    /// Python's `value[start:stop:step]`.
    func sliced(start: Datum?, stop: Datum?, step: Datum?) throws -> Datum {
        let bounds = [start, stop, step]
        let names = ["start", "stop", "step"]
        let numbers = try (0..<3).map { try bounds.int($0, names[$0]) }
        guard numbers[2] != 0 else { throw Fault("the step of a slice cannot be zero") }
        func indices(_ count: Int) -> [Int] { Self.indices(numbers[0], numbers[1], numbers[2] ?? 1, count: count) }
        switch self {
        case .undefined(let undefined): throw undefined.fault
        case .list(let box): return .list(indices(box.count).map { box.items[$0] })
        case .tuple(let box): return .tuple(indices(box.items.count).map { box.items[$0] })
        case .string(let text):
            let scalars = Array(text.unicodeScalars)
            return .string(String(String.UnicodeScalarView(indices(scalars.count).map { scalars[$0] })))
        default: return .undefined(Undefined("\(kindName) cannot be sliced", name: "slice"))
        }
    }

    private static func indices(_ start: Int?, _ stop: Int?, _ step: Int, count: Int) -> [Int] {
        func bounded(_ index: Int, _ range: ClosedRange<Int>) -> Int {
            let position = index < 0 ? (index < -count ? -1 : index + count) : index
            return min(max(position, range.lowerBound), range.upperBound)
        }
        // Steps beyond the length reach the same items as the length itself.
        let step = min(max(step, -count - 1), count + 1)
        if step > 0 {
            let first = start.map { bounded($0, 0...count) } ?? 0
            let end = stop.map { bounded($0, 0...count) } ?? count
            return Array(stride(from: first, to: end, by: step))
        }
        let first = start.map { bounded($0, -1...max(count - 1, -1)) } ?? count - 1
        let end = stop.map { bounded($0, -1...max(count - 1, -1)) } ?? -1
        return Array(stride(from: first, to: end, by: step))
    }
}

extension Array {
    /// The element at an index that counts from the end when it is negative; nil outside.
    func element(_ index: Int) -> Element? {
        let position = index < 0 ? index + count : index
        return indices.contains(position) ? self[position] : nil
    }
}
