/// The methods of Python's `list`, and of `tuple` as far as it has them.
enum ListMethods {
    static let names: Set<String> = [
        "append", "extend", "insert", "pop", "remove", "clear", "index", "count", "sort", "reverse", "copy",
    ]

    static func call(_ name: String, on box: ListBox, _ arguments: Arguments) throws -> Datum {
        switch name {
        case "append":
            let item = try arguments.bound(to: ["object"], required: 1)[0] ?? .null
            try Limits.checkItems(box.count + 1)
            box.mutate { $0.append(item) }
        case "extend":
            let items = try arguments.bound(to: ["iterable"], required: 1)[0]?.elements() ?? []
            try Limits.checkItems(box.count + items.count)
            box.mutate { $0 += items }
        case "insert":
            let bound = try arguments.bound(to: ["index", "object"], required: 2)
            let index = try bound.int(0, "index") ?? 0
            try Limits.checkItems(box.count + 1)
            let place = index < 0 ? max(0, box.count + index) : min(index, box.count)
            box.mutate { $0.insert(bound[1] ?? .null, at: place) }
        case "pop": return try pop(box, try arguments.bound(to: ["index"]).int(0, "index") ?? -1)
        case "remove":
            let item = try arguments.bound(to: ["value"], required: 1)[0] ?? .null
            let place = try place(of: item, in: box.items)
            box.mutate { _ = $0.remove(at: place) }
        case "clear": box.items = []
        case "reverse": box.mutate { $0.reverse() }
        case "copy": return .list(box.items)
        case "sort": try sort(box, arguments)
        default: return try search(name, in: box.items, arguments)
        }
        return .null
    }

    /// `index` and `count`.
    static func search(_ name: String, in items: [Datum], _ arguments: Arguments) throws -> Datum {
        let bound = try arguments.bound(to: ["value", "start", "stop"], required: 1)
        let item = try bound.datum(0) ?? .null
        if name == "count" { return .int(try items.count { try $0.isEqual(to: item) }) }
        let start = try bound.int(1, "start") ?? 0
        let skipped = min(items.count, start < 0 ? max(0, items.count + start) : start)
        return .int(try place(of: item, in: Array(items[skipped...])) + skipped)
    }

    private static func place(of item: Datum, in items: [Datum]) throws -> Int {
        guard let place = try items.firstIndex(where: { try $0.isEqual(to: item) }) else {
            throw Fault("\(item.shown ?? item.kindName) is not in the list")
        }
        return place
    }

    private static func pop(_ box: ListBox, _ index: Int) throws -> Datum {
        let place = index < 0 ? box.count + index : index
        guard place >= 0, place < box.count else {
            throw Fault(box.count == 0 ? "cannot pop from an empty list" : "the list has no element \(index)")
        }
        return box.mutate { $0.remove(at: place) }
    }

    private static func sort(_ box: ListBox, _ arguments: Arguments) throws {
        let isReversed = try arguments.bound(to: ["reverse"]).truth(0) ?? false
        box.items = try sorted(box.items, reverse: isReversed)
    }

    /// Sorted, equal items in the order they had, also in reverse.
    static func sorted(_ items: [Datum], reverse: Bool, by key: (Datum) throws -> Datum = { $0 }) throws -> [Datum] {
        let keyed = try items.enumerated().map { (offset: $0.offset, item: $0.element, key: try key($0.element)) }
        let ordered = try keyed.sorted { left, right in
            if try left.key.isLess(than: right.key) { return !reverse }
            if try right.key.isLess(than: left.key) { return reverse }
            return left.offset < right.offset
        }
        return ordered.map(\.item)
    }
}
