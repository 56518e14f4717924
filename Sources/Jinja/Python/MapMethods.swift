/// The methods of Python's `dict`. Views (`keys`, `items`, `values`) are lists of what is there at the call.
enum MapMethods {
    static let names: Set<String> = [
        "items", "keys", "values", "iteritems", "iterkeys", "itervalues", "get", "update", "setdefault", "pop",
        "popitem", "clear", "copy",
        "fromkeys",
    ]

    static func call(_ name: String, on box: MapBox, _ arguments: Arguments) throws -> Datum {
        switch name {
        case "items", "iteritems": return .list(box.table.pairs.map { .tuple([$0.key, $0.value]) })
        case "keys", "iterkeys": return .list(box.table.keys)
        case "values", "itervalues": return .list(box.table.values)
        case "get":
            let (key, fallback) = try keyAndDefault(arguments)
            return box.table[key] ?? fallback ?? .null
        case "setdefault": return try setDefault(box, arguments)
        case "update": try update(box, arguments)
        case "pop":
            let (key, fallback) = try keyAndDefault(arguments)
            if let value = box.mutate({ $0.remove(key) }) ?? fallback { return value }
            throw Fault("the mapping has no key \(arguments.positional.first?.shown ?? "")")
        case "popitem":
            guard let pair = box.mutate({ $0.removeLast() }) else { throw Fault("cannot pop from an empty mapping") }
            return .tuple([pair.key, pair.value])
        case "clear": box.table = MapTable()
        case "copy": return .map(MapBox(box.table))
        case "fromkeys":
            let bound = try arguments.bound(to: ["iterable", "value"], required: 1)
            let result = MapBox()
            for key in try bound[0]?.elements() ?? [] { try result.set(key, to: bound[1] ?? .null) }
            return .map(result)
        default: throw Fault("a mapping has no method \"\(name)\"")
        }
        return .null
    }

    private static func keyAndDefault(_ arguments: Arguments) throws -> (DatumKey, Datum?) {
        let bound = try arguments.bound(to: ["key", "default"], required: 1)
        return (try DatumKey(bound[0] ?? .null), bound[1])
    }

    private static func setDefault(_ box: MapBox, _ arguments: Arguments) throws -> Datum {
        let (key, fallback) = try keyAndDefault(arguments)
        if let known = box.table[key] { return known }
        let value = fallback ?? .null
        box.mutate { $0.set(key, key: arguments.positional.first ?? .null, to: value) }
        return value
    }

    private static func update(_ box: MapBox, _ arguments: Arguments) throws {
        guard arguments.positional.count <= 1 else { throw Fault("\"update\" takes at most 1 argument without a name") }
        var table = box.table
        if let first = arguments.positional.first { try merge(first, into: &table) }
        for (name, value) in arguments.named { table.set(name, to: value) }
        try Limits.checkItems(table.count)
        box.table = table
    }

    /// Adds a mapping, or a list of pairs, as Python's `dict(x)` reads it.
    static func merge(_ source: Datum, into table: inout MapTable) throws {
        switch source {
        case .map(let box): for (key, value) in box.table.pairs { table.set(try DatumKey(key), key: key, to: value) }
        case .object(let namespace as Namespace):
            for (key, value) in namespace.values.pairs { table.set(try DatumKey(key), key: key, to: value) }
        default:
            for item in try source.elements() {
                let pair = try item.elements()
                guard pair.count == 2 else { throw Fault("a mapping is made of pairs, found \(pair.count) values") }
                table.set(try DatumKey(pair[0]), key: pair[0], to: pair[1])
            }
        }
    }
}
