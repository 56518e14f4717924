internal import Values

extension Datum {
    /// What a caller of the library gave, as templates see it.
    init(_ value: JinjaValue) {
        switch value {
        case .value(let value): self.init(value)
        case .function(let function): self = .object(HostFunction(function))
        case .object(let object): self = .object(HostObject(object))
        case .undefined(let name): self = .undefined(Undefined("\"\(name)\" is undefined", name: name))
        }
    }

    /// What a function of the library's caller is given.
    func jinjaValue() throws -> JinjaValue {
        switch self {
        case .undefined(let undefined): .undefined(name: undefined.name ?? "value")
        case .object(let object as HostFunction): .function(object.function)
        case .object(let object as HostObject): .object(object.object)
        default: .value(try value())
        }
    }
}

/// A function of the library's caller.
final class HostFunction: NativeObject {
    let function: JinjaFunction

    init(_ function: JinjaFunction) { self.function = function }

    override var typeName: String { "function" }
    override var text: String { "<function \(function.name)>" }
    override var isCallable: Bool { true }
    override func call(_ arguments: Arguments, _ renderer: Renderer) throws -> Datum {
        let given = JinjaArguments(
            positional: try arguments.positional.map { try $0.jinjaValue() },
            named: try arguments.named.map { ($0.name, try $0.value.jinjaValue()) },
            mark: renderer.callMark)
        do {
            return Datum(try function.body(given))
        } catch {
            throw Fault(error)
        }
    }
}

/// Something of the library's caller that answers look-ups.
final class HostObject: NativeObject {
    let object: JinjaObject

    init(_ object: JinjaObject) { self.object = object }

    override var typeName: String { object.name }
    override var text: String { "<\(object.name)>" }
    override var attributeNames: [String] { object.keys() }
    override var elements: [Datum]? { object.keys().map { .string($0) } }

    override func attribute(_ name: String) throws -> Datum? {
        do { return try object.attribute(name).map(Datum.init) } catch { throw Fault(error) }
    }

    override func item(_ key: Datum) throws -> Datum? {
        guard let value = try? key.value() else { return nil }
        do { return try object.item(value).map(Datum.init) } catch { throw Fault(error) }
    }

    override func contains(_ key: Datum) throws -> Bool { try item(key) != nil }
}
