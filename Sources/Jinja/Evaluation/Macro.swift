/// A macro with the scope that it was defined in; also the body of a `call` block.
final class Macro: NativeObject {
    let definition: MacroDefinition
    private var scope: Scope
    private let activation: Activation

    init(_ definition: MacroDefinition, scope: Scope, activation: Activation) {
        self.definition = definition
        self.scope = scope
        self.activation = activation
    }

    override func surrender() -> [Datum] { isKnownUniquelyReferenced(&scope) ? scope.surrender() : [] }

    override var typeName: String { "macro" }
    override var text: String { "<Macro '\(definition.name)'>" }
    override var isCallable: Bool { true }
    override var attributeNames: [String] { ["name", "arguments", "caller", "catch_kwargs", "catch_varargs"] }

    override func attribute(_ name: String) -> Datum? {
        switch name {
        case "name": .string(definition.name)
        case "arguments": .tuple(definition.parameters.map { .string($0.name) })
        case "caller": .bool(definition.usesCaller)
        case "catch_kwargs": .bool(definition.usesKwargs)
        case "catch_varargs": .bool(definition.usesVarargs)
        default: nil
        }
    }

    override func call(_ arguments: Arguments, _ renderer: Renderer) throws -> Datum {
        try renderer.nested {
            let inner = Scope(parent: scope)
            let written = try renderer.capture {
                try renderer.with(activation, inner) {
                    try bind(arguments, in: inner, renderer)
                    _ = try renderer.execute(definition.body)
                }
            }
            return .string(written.text)
        }
    }

    private func bind(_ arguments: Arguments, in inner: Scope, _ renderer: Renderer) throws {
        let names = definition.parameters.map(\.name)
        var named = arguments.named
        let surplus = Array(arguments.positional.dropFirst(names.count))
        try checkSurplus(surplus.count)
        if definition.usesVarargs { inner.assign("varargs", .tuple(surplus)) }
        for (index, parameter) in definition.parameters.enumerated() {
            let byName = named.firstIndex { $0.name == parameter.name }
            if index < arguments.positional.count {
                guard byName == nil else {
                    throw Fault("argument \"\(parameter.name)\" of macro \"\(definition.name)\" is given twice")
                }
                inner.assign(parameter.name, arguments.positional[index])
            } else if let byName {
                inner.assign(parameter.name, named.remove(at: byName).value)
            } else if let fallback = parameter.fallback {
                inner.assign(parameter.name, try renderer.evaluate(fallback))
            } else {
                inner.assign(parameter.name, .undefined(missing(parameter.name, renderer)))
            }
        }
        try bindImplicit(named, in: inner)
    }

    private func missing(_ name: String, _ renderer: Renderer) -> Undefined {
        Undefined(
            "parameter \"\(name)\" was not provided", detail: "in a call of macro \"\(definition.name)\"",
            origin: renderer.mark(definition.place))
    }

    private func checkSurplus(_ count: Int) throws {
        guard count > 0, !definition.usesVarargs else { return }
        throw Fault(
            "macro \"\(definition.name)\" takes at most \(definition.parameters.count) arguments",
            detail: "\(count) too many were given")
    }

    /// `caller` and `kwargs`, and the complaint about a name that the macro does not have.
    private func bindImplicit(_ named: [(name: String, value: Datum)], in inner: Scope) throws {
        var named = named
        if definition.usesCaller, !definition.parameters.contains(where: { $0.name == "caller" }) {
            let caller = named.firstIndex { $0.name == "caller" }.map { named.remove(at: $0).value }
            inner.assign(
                "caller",
                caller ?? .undefined(Undefined("no caller is defined: the macro was not called by a \"call\" block")))
        }
        if definition.usesKwargs {
            var table = MapTable()
            for (name, value) in named { table.set(name, to: value) }
            inner.assign("kwargs", .map(MapBox(table)))
        } else if let unknown = named.first {
            if unknown.name == "caller" {
                throw Fault(
                    "macro \"\(definition.name)\" takes no \"call\" block", detail: "it does not use \"caller\"")
            }
            throw Fault(
                "macro \"\(definition.name)\" has no argument \"\(unknown.name)\"",
                detail: "its arguments are " + Arguments.quoted(definition.parameters.map(\.name)))
        }
    }
}
