internal import Values

/// A Python list: a reference, so that `do x.append(1)` is seen wherever the list is known.
final class ListBox {
    private var storage: [Datum]?
    /// The value it was made from: read from lazily, and the giver of marks when it is turned back into one.
    let origin: Value?

    init(_ items: [Datum]) {
        storage = items
        origin = nil
    }

    init(_ value: Value) { origin = value }

    var items: [Datum] {
        get {
            if let storage { return storage }
            let items = (origin?.list ?? []).map(Datum.init)
            storage = items
            return items
        }
        set { storage = newValue }
    }

    var count: Int { storage?.count ?? origin?.list?.count ?? 0 }
    /// Nobody has looked inside, so it is still exactly its origin.
    var isUntouched: Bool { storage == nil }

    /// Changes the items in place.
    func mutate<Result>(_ body: (inout [Datum]) throws -> Result) rethrows -> Result {
        var items = self.items
        storage = []
        defer { storage = items }
        return try body(&items)
    }
}

/// A Python dict: ordered, a reference.
final class MapBox {
    private var storage: MapTable?
    /// The value it was made from: read from lazily, and the giver of marks when it is turned back into one.
    let origin: Value?

    init(_ table: MapTable = MapTable()) {
        storage = table
        origin = nil
    }

    init(_ value: Value) { origin = value }

    var table: MapTable {
        get {
            if let storage { return storage }
            var table = MapTable()
            for (key, value) in origin?.map ?? Mapping() {
                guard let name = try? DatumKey(Datum(key)) else { continue }
                table.set(name, key: Datum(key), to: Datum(value))
            }
            storage = table
            return table
        }
        set { storage = newValue }
    }

    var count: Int { storage?.count ?? origin?.map?.count ?? 0 }
    var isUntouched: Bool { storage == nil }

    subscript(_ name: String) -> Datum? { table[.string(name)] }

    /// Changes the entries in place.
    func mutate<Result>(_ body: (inout MapTable) throws -> Result) rethrows -> Result {
        var table = self.table
        storage = nil
        defer { storage = table }
        return try body(&table)
    }

    func set(_ key: Datum, to value: Datum) throws {
        let name = try DatumKey(key)
        mutate { $0.set(name, key: key, to: value) }
    }
}
