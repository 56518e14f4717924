internal import Values

extension Datum {
    /// A value as the template sees it. Lists and mappings are opened only when looked into.
    init(_ value: Value) {
        switch value.kind {
        case .null: self = .null
        case .bool(let truth): self = .bool(truth)
        case .int(let number): self = .int(number)
        case .double(let number): self = .double(number)
        case .string(let text): self = .string(text)
        case .list: self = .list(ListBox(value))
        case .map: self = .map(MapBox(value))
        }
    }

    private static let maximumDepth = 200

    /// The value of it, with the marks of what it was read from where that is still the same.
    /// - Throws: a `Fault` when there is something in it that is no data (a macro, something undefined).
    func value(depth: Int = 0) throws -> Value {
        guard depth < Self.maximumDepth else { throw Fault("value is nested too deeply, or contains itself") }
        switch self {
        case .undefined(let undefined): throw undefined.fault
        case .null: return .null
        case .bool(let truth): return Value(truth)
        case .int(let number): return Value(number)
        case .double(let number): return Value(number)
        case .string(let text): return Value(text)
        case .tuple(let box): return Value(try box.items.map { try $0.value(depth: depth + 1) })
        case .list(let box): return try box.value(depth: depth + 1)
        case .map(let box): return try box.value(depth: depth + 1)
        case .object(let object):
            throw Fault("a \(object.typeName) is not data", detail: "expected text, numbers, lists or mappings")
        }
    }
}

extension ListBox {
    fileprivate func value(depth: Int) throws -> Value {
        if isUntouched, let origin { return origin }
        let before = origin?.list ?? []
        var result: [Value] = []
        for (index, item) in items.enumerated() {
            let value = try item.value(depth: depth)
            result.append(value.keepingMark(of: index < before.count ? before[index] : nil))
        }
        return Value(result, at: origin?.mark)
    }
}

extension MapBox {
    fileprivate func value(depth: Int) throws -> Value {
        if isUntouched, let origin { return origin }
        let before = origin?.map
        var result = Mapping()
        for (key, datum) in table.pairs {
            let name = try key.value(depth: depth)
            let value = try datum.value(depth: depth)
            result[before?.key(name) ?? name] = value.keepingMark(of: before?[name])
        }
        return Value(result, at: origin?.mark)
    }
}

extension Value {
    /// The original, when it is a scalar equal to this one: it knows where it was written.
    fileprivate func keepingMark(of original: Value?) -> Value {
        guard mark == nil, let original, original.list == nil, original.map == nil, original == self else {
            return self
        }
        return original
    }
}
