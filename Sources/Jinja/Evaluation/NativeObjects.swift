/// A function written in Swift, of this library.
final class NativeFunction: NativeObject {
    private let name: String
    private let body: (Arguments) throws -> Datum

    init(_ name: String, _ body: @escaping (Arguments) throws -> Datum) {
        self.name = name
        self.body = body
    }

    override var typeName: String { "function" }
    override var text: String { "<function \(name)>" }
    override var isCallable: Bool { true }
    override func call(_ arguments: Arguments, _ renderer: Renderer) throws -> Datum {
        var arguments = arguments
        arguments.callee = name
        return try body(arguments)
    }
}

/// A method of a value: `text.upper`, `map.items`.
final class BoundMethod: NativeObject {
    private let receiver: Datum
    private let name: String

    init(_ receiver: Datum, _ name: String) {
        self.receiver = receiver
        self.name = name
    }

    override var typeName: String { "method" }
    override var text: String { "<built-in method \(name) of \(receiver.typeName) object>" }
    override var isCallable: Bool { true }
    override func call(_ arguments: Arguments, _ renderer: Renderer) throws -> Datum {
        var arguments = arguments
        arguments.callee = name
        switch receiver {
        case .string(let text): return try StringMethods.call(name, on: text, arguments)
        case .list(let box): return try ListMethods.call(name, on: box, arguments)
        case .tuple(let items): return try ListMethods.search(name, in: items, arguments)
        case .map(let box): return try MapMethods.call(name, on: box, arguments)
        case .double(let number): return .bool(number.rounded() == number)
        case .int(let number): return .int(Int.bitWidth - number.magnitude.leadingZeroBitCount)
        default: throw Fault("\(receiver.kindName) has no method \"\(name)\"")
        }
    }
}

/// Jinja's `namespace()`: the one thing whose attributes can be set.
final class Namespace: NativeObject {
    var values = MapTable()

    override var typeName: String { "Namespace" }
    override var text: String { "<Namespace \((try? Datum.map(MapBox(values)).repr()) ?? "")>" }
    override var attributeNames: [String] { values.keys.compactMap(\.plainText) }
    override func attribute(_ name: String) -> Datum? { values[.string(name)] }
}

/// Jinja's `cycler()`.
final class Cycler: NativeObject {
    private let items: [Datum]
    private var position = 0

    init(_ items: [Datum]) { self.items = items }

    override var typeName: String { "Cycler" }
    override var attributeNames: [String] { ["current", "next", "reset"] }
    override func attribute(_ name: String) -> Datum? {
        switch name {
        case "current": items[position]
        case "next":
            .object(
                NativeFunction("next") { [self] _ in
                    defer { position = (position + 1) % items.count }
                    return items[position]
                })
        case "reset":
            .object(
                NativeFunction("reset") { [self] _ in
                    position = 0
                    return .null
                })
        default: nil
        }
    }
}

/// Jinja's `joiner()`: nothing the first time, then the separator.
final class Joiner: NativeObject {
    private let separator: String
    private var wasUsed = false

    init(_ separator: String) { self.separator = separator }

    override var typeName: String { "Joiner" }
    override var isCallable: Bool { true }
    override func call(_ arguments: Arguments, _ renderer: Renderer) throws -> Datum {
        defer { wasUsed = true }
        return .string(wasUsed ? separator : "")
    }
}
