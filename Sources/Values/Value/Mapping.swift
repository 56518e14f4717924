internal import OrderedCollections

/// An ordered mapping. Keys are values too (Salt's pillars have numbers as keys) and remember where they stand.
public struct Mapping: Sendable, Hashable, Sequence {
    private var storage: OrderedDictionary<Value, Value> = [:]

    public init() {}

    /// A mapping with text keys; of two equal keys the later one stands.
    public init(_ pairs: some Sequence<(String, Value)>) {
        for (key, value) in pairs { storage[Value(key)] = value }
    }

    public var count: Int { storage.count }
    public var isEmpty: Bool { storage.isEmpty }
    /// Keys in order, with the marks they were read at.
    public var keys: [Value] { Array(storage.keys) }
    public var values: [Value] { Array(storage.values) }

    public subscript(_ key: Value) -> Value? {
        get { storage[key] }
        set { storage[key] = newValue }
    }

    public subscript(_ key: String) -> Value? {
        get { storage[Value(key)] }
        set { storage[Value(key)] = newValue }
    }

    /// The key as it was read, with its own mark.
    public func key(_ name: String) -> Value? {
        storage.index(forKey: Value(name)).map { storage.keys[$0] }
    }

    /// The key as it was read, with its own mark, whatever kind of key it is.
    public func key(_ key: Value) -> Value? {
        storage.index(forKey: key).map { storage.keys[$0] }
    }

    @discardableResult
    public mutating func removeValue(forKey key: String) -> Value? { storage.removeValue(forKey: Value(key)) }

    public func makeIterator() -> AnyIterator<(key: Value, value: Value)> {
        var inner = storage.makeIterator()
        return AnyIterator { inner.next().map { (key: $0.key, value: $0.value) } }
    }

    /// Equal when the same keys have equal values, in whatever order.
    public static func == (left: Mapping, right: Mapping) -> Bool {
        left.count == right.count && left.storage.allSatisfy { right.storage[$0.key] == $0.value }
    }

    public func hash(into hasher: inout Hasher) {
        var entries = 0
        for (key, value) in storage {
            var entry = hasher
            entry.combine(key)
            entry.combine(value)
            entries ^= entry.finalize()
        }
        hasher.combine(entries)
    }

    /// This mapping with another laid over it: mappings are merged key by key, anything else is replaced.
    public func merged(with other: Mapping) -> Mapping {
        var result = self
        for (key, value) in other {
            if case .map(let mine)? = result[key]?.kind, case .map(let theirs) = value.kind {
                result[key] = Value(mine.merged(with: theirs), at: value.mark)
            } else {
                result[key] = value
            }
        }
        return result
    }
}
