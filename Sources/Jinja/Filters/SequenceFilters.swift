/// Filters on lists, and whatever else can be iterated over.
enum SequenceFilters {
    static let table: [String: Filter] = [
        "list": .sequence { items, _ in .list(items) },
        "join": .sequence(["d", "attribute"]) { items, call in
            let key = ItemKey(call[1])
            let text = try items.map { try key($0).text() }.joined(separator: try call.datum(0)?.text() ?? "")
            try Limits.checkText(text.utf8.count)
            return .string(text)
        },
        "first": .sequence { items, _ in
            items.first ?? .undefined(Undefined("there is no first item: the sequence is empty"))
        },
        "last": .sequence { items, _ in
            items.last ?? .undefined(Undefined("there is no last item: the sequence is empty"))
        },
        "reverse": Filter { call in
            if case .string(let text) = call.input {
                return .string(String(String.UnicodeScalarView(text.unicodeScalars.reversed())))
            }
            return .list(try call.input.elements().reversed())
        },
        "sort": .sequence(["reverse", "case_sensitive", "attribute"]) { try sorted($0, $1) },
        "dictsort": Filter(["case_sensitive", "by", "reverse"]) { try dictionarySorted($0) },
        // Salt's filter tells cases apart, unlike Jinja's.
        "unique": .sequence(["case_sensitive", "attribute"]) { items, call in
            .list(try unique(items, ItemKey(call[1], ignoresCase: try !(call.truth(0) ?? true))))
        },
        "min": .sequence(["case_sensitive", "attribute"]) { try extreme($0, $1) { try $0.isLess(than: $1) } },
        "max": .sequence(["case_sensitive", "attribute"]) { try extreme($0, $1) { try $1.isLess(than: $0) } },
        "sum": .sequence(["attribute", "start"]) { items, call in
            let key = ItemKey(call[0])
            return try items.reduce(call[1] ?? .int(0)) { try $0.combined(.add, with: try key($1)) }
        },
        "batch": .sequence(["linecount", "fill_with"], required: 1) { try batched($0, $1) },
        "slice": .sequence(["slices", "fill_with"], required: 1) { try sliced($0, $1) },
        "groupby": .sequence(["attribute", "default", "case_sensitive"], required: 1) { try grouped($0, $1) },
    ]

    private static func sorted(_ items: [Datum], _ call: Invocation) throws -> Datum {
        let ignoresCase = try !(call.truth(1) ?? false)
        let attributes: [Datum?] =
            if case .string(let names)? = call[2] { names.split(separator: ",").map { .string(String($0)) } } else {
                [call[2]]
            }
        let keys = attributes.map { ItemKey($0, ignoresCase: ignoresCase) }
        return .list(
            try ListMethods.sorted(items, reverse: try call.truth(0) ?? false) { item in
                if keys.count == 1, let key = keys.first { return try key(item) }
                return .tuple(try keys.map { try $0(item) })
            })
    }

    private static func dictionarySorted(_ call: Invocation) throws -> Datum {
        guard case .map(let box) = call.input else {
            throw Fault("\"dictsort\" needs a mapping, not \(call.input.kindName)")
        }
        let by = try call.text(1) ?? "key"
        guard by == "key" || by == "value" else {
            throw Fault("\"dictsort\" sorts by \"key\" or \"value\", not \"\(by)\"")
        }
        let key = ItemKey(.int(by == "key" ? 0 : 1), ignoresCase: try !(call.truth(0) ?? false))
        let pairs = box.table.pairs.map { Datum.tuple([$0.key, $0.value]) }
        return .list(try ListMethods.sorted(pairs, reverse: try call.truth(2) ?? false) { try key($0) })
    }

    static func unique(_ items: [Datum], _ key: ItemKey = ItemKey(nil)) throws -> [Datum] {
        var seen: Set<DatumKey> = []
        var unhashable: [Datum] = []
        return try items.filter { item in
            let value = try key(item)
            if case .undefined(let undefined) = value { throw undefined.fault }
            if let name = try? DatumKey(value) { return seen.insert(name).inserted }
            if try Datum.contains(unhashable, value) { return false }
            unhashable.append(value)
            return true
        }
    }

    private static func extreme(
        _ items: [Datum], _ call: Invocation, _ precedes: (Datum, Datum) throws -> Bool
    ) throws -> Datum {
        let key = ItemKey(call[1], ignoresCase: try !(call.truth(0) ?? false))
        guard var best = items.first else { return .undefined(Undefined("the sequence is empty")) }
        for item in items.dropFirst() where try precedes(try key(item), try key(best)) { best = item }
        return best
    }

    private static func batched(_ items: [Datum], _ call: Invocation) throws -> Datum {
        let size = try call.int(0) ?? 0
        guard size > 0 else { throw Fault("\"batch\" needs a size above zero") }
        try Limits.checkItems(size)
        var batches: [Datum] = []
        for start in stride(from: 0, to: items.count, by: size) {
            var part = Array(items[start..<min(start + size, items.count)])
            if let filling = call[1], !filling.isNull {
                part += [Datum](repeating: filling, count: size - part.count)
            }
            batches.append(.list(part))
        }
        return .list(batches)
    }

    private static func sliced(_ items: [Datum], _ call: Invocation) throws -> Datum {
        let count = try call.int(0) ?? 0
        guard count > 0 else { throw Fault("\"slice\" needs a number above zero") }
        try Limits.checkItems(count)
        let (size, surplus) = items.count.quotientAndRemainder(dividingBy: count)
        var start = 0
        return .list(
            (0..<count).map { index in
                let end = start + size + (index < surplus ? 1 : 0)
                var part = Array(items[start..<end])
                start = end
                if let filling = call[1], !filling.isNull, index >= surplus { part.append(filling) }
                return .list(part)
            })
    }

    private static func grouped(_ items: [Datum], _ call: Invocation) throws -> Datum {
        let plain = ItemKey(call[0], default: call[1])
        let folded = ItemKey(call[0], default: call[1], ignoresCase: try !(call.truth(2) ?? false))
        var groups: [Datum] = []
        var members: [Datum] = []
        let sorted = try ListMethods.sorted(items, reverse: false) { try folded($0) }
        for (index, item) in sorted.enumerated() {
            members.append(item)
            if index + 1 < sorted.count, try folded(item).isEqual(to: try folded(sorted[index + 1])) { continue }
            groups.append(.object(Group(key: try plain(members[0]), members: .list(members))))
            members = []
        }
        return .list(groups)
    }
}

/// One group of `groupby`: a pair that also has names.
final class Group: NativeObject {
    private let key: Datum
    private let members: Datum

    init(key: Datum, members: Datum) {
        self.key = key
        self.members = members
    }

    override var typeName: String { "group" }
    override var elements: [Datum]? { [key, members] }
    override var attributeNames: [String] { ["grouper", "list"] }
    override func attribute(_ name: String) -> Datum? {
        switch name {
        case "grouper": key
        case "list": members
        default: nil
        }
    }
    override func item(_ key: Datum) throws -> Datum? {
        if case .int(let index) = key { [self.key, members].element(index) } else { try super.item(key) }
    }
}
