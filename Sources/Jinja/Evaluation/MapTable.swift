/// What a Python dict compares keys by: `1`, `1.0` and `True` are one key.
enum DatumKey: Hashable {
    case null
    case string(String)
    case int(Int)
    case double(Double)
    case tuple([DatumKey])
    case object(ObjectIdentifier)

    init(_ datum: Datum, depth: Int = 0) throws {
        switch datum {
        case .undefined(let undefined): throw undefined.fault
        case .null: self = .null
        case .bool(let truth): self = .int(truth ? 1 : 0)
        case .int(let number): self = .int(number)
        case .double(let number): self = Int(exactly: number).map { .int($0) } ?? .double(number)
        case .string(let text): self = .string(text)
        case .tuple(let box):
            guard depth < 100 else { throw Fault("tuple is nested too deeply to be a key") }
            self = .tuple(try box.items.map { try DatumKey($0, depth: depth + 1) })
        case .object(let object): self = .object(ObjectIdentifier(object))
        case .list, .map:
            throw Fault("\(datum.kindName) cannot be a key", detail: "unhashable type: \"\(datum.typeName)\"")
        }
    }
}

/// The entries of a Python dict in the order of their making.
struct MapTable {
    private var index: [DatumKey: Int] = [:]
    // Removed entries leave holes, closed once half of the entries are holes.
    private var entries: [(key: Datum, value: Datum)?] = []

    var count: Int { index.count }
    var isEmpty: Bool { index.isEmpty }
    var keys: [Datum] { entries.compactMap { $0?.key } }
    var values: [Datum] { entries.compactMap { $0?.value } }
    /// Keys and values that hold something themselves.
    var contents: [Datum] { entries.flatMap { $0.map { [$0.key, $0.value] } ?? [] }.filter(\.isContainer) }
    var pairs: [(key: Datum, value: Datum)] { entries.compactMap(\.self) }

    subscript(_ key: DatumKey) -> Datum? { index[key].flatMap { entries[$0]?.value } }

    /// A new key goes to the end; a known one keeps its place and its first spelling.
    mutating func set(_ name: DatumKey, key: Datum, to value: Datum) {
        if let place = index[name] {
            entries[place]?.value = value
        } else {
            index[name] = entries.count
            entries.append((key, value))
        }
    }

    mutating func set(_ name: String, to value: Datum) { set(.string(name), key: .string(name), to: value) }

    @discardableResult
    mutating func remove(_ name: DatumKey) -> Datum? {
        guard let place = index.removeValue(forKey: name) else { return nil }
        let value = entries[place]?.value
        entries[place] = nil
        if entries.count > 16, index.count * 2 < entries.count { closeHoles() }
        return value
    }

    mutating func removeAll() { self = MapTable() }

    mutating func removeLast() -> (key: Datum, value: Datum)? {
        while let last = entries.popLast() {
            guard let last, let name = try? DatumKey(last.key) else { continue }
            index[name] = nil
            return last
        }
        return nil
    }

    private mutating func closeHoles() {
        var places = [Int](repeating: 0, count: entries.count)
        var next = 0
        for (place, entry) in entries.enumerated() where entry != nil {
            places[place] = next
            next += 1
        }
        index = index.mapValues { places[$0] }
        entries = entries.filter { $0 != nil }
    }
}
