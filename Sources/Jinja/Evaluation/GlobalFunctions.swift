/// The functions that every template sees.
enum GlobalFunctions {
    static var all: [String: Datum] {
        [
            "range": function("range", range), "dict": function("dict", dict), "odict": function("odict", dict),
            "namespace": function("namespace", namespace), "cycler": function("cycler", cycler),
            "joiner": function("joiner", joiner), "raise": function("raise", raise),
        ]
    }

    private static func function(_ name: String, _ body: @escaping (Arguments) throws -> Datum) -> Datum {
        .object(NativeFunction(name, body))
    }

    private static func range(_ arguments: Arguments) throws -> Datum {
        let bound = try arguments.bound(to: ["start", "stop", "step"], required: 1)
        let numbers = try (0..<3).map { try bound.int($0, ["start", "stop", "step"][$0]) }
        let start = numbers[1] == nil ? 0 : numbers[0] ?? 0
        let stop = numbers[1] ?? numbers[0] ?? 0
        let step = numbers[2] ?? 1
        guard step != 0 else { throw Fault("the step of \"range\" cannot be zero") }
        var items: [Datum] = []
        for number in stride(from: start, to: stop, by: step) {
            guard items.count < Limits.range else {
                throw Fault("range is too big", detail: "the limit is \(Limits.range) numbers")
            }
            items.append(.int(number))
        }
        return .list(items)
    }

    private static func table(_ arguments: Arguments) throws -> MapTable {
        guard arguments.positional.count <= 1 else {
            throw Fault("\"\(arguments.callee)\" takes at most 1 argument without a name")
        }
        var table = MapTable()
        if let first = arguments.positional.first { try MapMethods.merge(first, into: &table) }
        for (name, value) in arguments.named { table.set(name, to: value) }
        return table
    }

    private static func dict(_ arguments: Arguments) throws -> Datum { .map(MapBox(try table(arguments))) }

    private static func namespace(_ arguments: Arguments) throws -> Datum {
        let namespace = Namespace()
        namespace.values = try table(arguments)
        return .object(namespace)
    }

    private static func cycler(_ arguments: Arguments) throws -> Datum {
        guard !arguments.positional.isEmpty else { throw Fault("\"cycler\" needs at least one item") }
        return .object(Cycler(arguments.positional))
    }

    private static func joiner(_ arguments: Arguments) throws -> Datum {
        .object(Joiner(try arguments.bound(to: ["sep"]).text(0, "sep") ?? ", "))
    }

    /// Salt's `raise("message")`: ends the render.
    private static func raise(_ arguments: Arguments) throws -> Datum {
        let message = try arguments.bound(to: ["msg"], required: 1)[0]?.text() ?? ""
        throw Fault(message)
    }
}
