/// `for` loops.
extension Renderer {
    func run(_ loop: ForLoop) throws {
        let items = try filtered(try evaluate(loop.sequence).elements(), loop)
        try run(loop, over: items, depth: 0)
    }

    /// Also the body of a call `loop(items)` in a recursive loop.
    func run(_ loop: ForLoop, over items: [Datum], depth: Int) throws {
        let outer = scope
        let state = LoopState(items, depth: depth, definition: loop, scope: outer, activation: activation)
        for index in items.indices {
            state.index = index
            let inner = Scope(parent: outer, names: ["loop": .object(state)])
            let flow = try with(inner) {
                try assign(loop.target, items[index], in: inner)
                return try execute(loop.body)
            }
            if flow == .breakLoop { break }
        }
        guard items.isEmpty else { return }
        _ = try with(Scope(parent: outer)) { try execute(loop.otherwise) }
    }

    func filtered(_ items: [Datum], _ loop: ForLoop) throws -> [Datum] {
        guard let filter = loop.filter else { return items }
        return try items.filter { item in
            let inner = Scope(parent: scope)
            try assign(loop.target, item, in: inner)
            return try with(inner) { try evaluate(filter).isTrue }
        }
    }
}

/// The `loop` variable.
final class LoopState: NativeObject {
    private let items: [Datum]
    private let depth: Int
    private let definition: ForLoop
    private let scope: Scope
    private let activation: Activation
    var index = 0
    private var lastSeen: [Datum]?

    init(_ items: [Datum], depth: Int, definition: ForLoop, scope: Scope, activation: Activation) {
        self.items = items
        self.depth = depth
        self.definition = definition
        self.scope = scope
        self.activation = activation
    }

    override var typeName: String { "LoopContext" }
    override var text: String { "<LoopContext \(index + 1)/\(items.count)>" }
    override var isCallable: Bool { definition.isRecursive }
    override var attributeNames: [String] {
        [
            "index", "index0", "revindex", "revindex0", "first", "last", "length", "previtem", "nextitem", "depth",
            "depth0", "cycle", "changed",
        ]
    }

    override func attribute(_ name: String) -> Datum? {
        switch name {
        case "index": .int(index + 1)
        case "index0": .int(index)
        case "revindex": .int(items.count - index)
        case "revindex0": .int(items.count - index - 1)
        case "first": .bool(index == 0)
        case "last": .bool(index == items.count - 1)
        case "length": .int(items.count)
        case "depth": .int(depth + 1)
        case "depth0": .int(depth)
        case "previtem":
            index > 0 ? items[index - 1] : .undefined(Undefined("\"loop.previtem\" is undefined in the first round"))
        case "nextitem":
            index + 1 < items.count
                ? items[index + 1] : .undefined(Undefined("\"loop.nextitem\" is undefined in the last round"))
        case "cycle": .object(NativeFunction("loop.cycle") { [unowned self] in try cycled($0) })
        case "changed": .object(NativeFunction("loop.changed") { [unowned self] in try changed($0) })
        default: nil
        }
    }

    private func cycled(_ arguments: Arguments) throws -> Datum {
        guard !arguments.positional.isEmpty else { throw Fault("\"loop.cycle\" needs something to cycle through") }
        return arguments.positional[index % arguments.positional.count]
    }

    private func changed(_ arguments: Arguments) throws -> Datum {
        defer { lastSeen = arguments.positional }
        guard let lastSeen else { return .bool(true) }
        return .bool(try !Datum.tuple(lastSeen).isEqual(to: .tuple(arguments.positional)))
    }

    override func call(_ arguments: Arguments, _ renderer: Renderer) throws -> Datum {
        guard definition.isRecursive else {
            throw Fault("the loop cannot call itself", hint: "add \"recursive\" to the end of its \"for\" tag")
        }
        let bound = try arguments.bound(to: ["iterable"], required: 1)
        let items = try bound[0]?.elements() ?? []
        return try renderer.nested {
            let written = try renderer.capture {
                try renderer.with(activation, scope) {
                    let chosen = try renderer.filtered(items, definition)
                    try renderer.run(definition, over: chosen, depth: depth + 1)
                }
            }
            return .string(written.text)
        }
    }
}
