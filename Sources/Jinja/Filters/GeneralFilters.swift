/// Filters on any value.
enum GeneralFilters {
    static let table: [String: Filter] = [
        "default": standard, "d": standard,
        "string": .text { text, _ in .string(text) },
        "length": length, "count": length,
        "attr": Filter(["name"], required: 1) { call in
            let name = try call.text(0) ?? ""
            if case .map(let box) = call.input, !MapMethods.names.contains(name), box[name] != nil {
                return .undefined(
                    Undefined(
                        "a mapping has no attribute \"\(name)\"", name: name,
                        hint: "a key is looked up by [\"\(name)\"]"))
            }
            return try call.input.attribute(name)
                ?? .undefined(Undefined("\(call.input.kindName) has no attribute \"\(name)\"", name: name))
        },
        "pprint": Filter(["verbose"]) { .string(try $0.input.repr()) },
        "items": Filter(acceptsUndefined: true) { call in
            switch call.input {
            case .undefined: return .list([])
            case .map(let box): return .list(box.table.pairs.map { .tuple([$0.key, $0.value]) })
            default: throw Fault("\"items\" needs a mapping, not \(call.input.kindName)")
            }
        },
    ]

    private static let standard = Filter(["default_value", "boolean"], acceptsUndefined: true) { call in
        if call.input.isUndefined { return call[0] ?? .string("") }
        if try call.truth(1) ?? false, try !call.input.isTrue { return call[0] ?? .string("") }
        return call.input
    }

    private static let length = Filter { .int(try $0.input.length()) }
}
