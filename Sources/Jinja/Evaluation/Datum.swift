internal import Values

/// What an expression evaluates to while a template is rendered: Python's values, with Python's reference semantics
/// for lists and mappings. Belongs to one render and one thread.
enum Datum {
    case undefined(Undefined)
    case null
    case bool(Bool)
    case int(Int)
    case double(Double)
    case string(String)
    case list(ListBox)
    case tuple([Datum])
    case map(MapBox)
    case object(NativeObject)

    static func list(_ items: [Datum]) -> Datum { .list(ListBox(items)) }

    /// The name of the type as Python says it.
    var typeName: String {
        switch self {
        case .undefined: "Undefined"
        case .null: "NoneType"
        case .bool: "bool"
        case .int: "int"
        case .double: "float"
        case .string: "str"
        case .list: "list"
        case .tuple: "tuple"
        case .map: "dict"
        case .object(let object): object.typeName
        }
    }

    /// What it is in words, for messages.
    var kindName: String {
        switch self {
        case .undefined: "something undefined"
        case .null: "none"
        case .bool: "true or false"
        case .int: "a whole number"
        case .double: "a number"
        case .string: "text"
        case .list: "a list"
        case .tuple: "a tuple"
        case .map: "a mapping"
        case .object(let object): "a \(object.typeName)"
        }
    }

    var isUndefined: Bool { if case .undefined = self { true } else { false } }
    var isNull: Bool { if case .null = self { true } else { false } }
}

/// A name, key or attribute that is not there. Only a use of it is an error.
final class Undefined {
    /// What was looked for, as written.
    let name: String?
    let summary: String
    let detail: String?
    let hint: String?
    /// Where it was looked up.
    let origin: Mark?

    init(
        _ summary: String, name: String? = nil, detail: String? = nil, hint: String? = nil, origin: Mark? = nil
    ) {
        self.name = name
        self.summary = summary
        self.detail = detail
        self.hint = hint
        self.origin = origin
    }

    /// The error of using it. It points at the look-up, which is where the cure is.
    var fault: Fault { Fault(summary, detail: detail, hint: hint, mark: origin) }
}

/// Something with behaviour of its own: a function, a macro, a loop, a namespace, an imported template.
///
/// The defaults are those of a thing that can do nothing.
class NativeObject {
    var typeName: String { "object" }
    /// How it prints.
    var text: String { "<\(typeName)>" }
    var isCallable: Bool { false }
    /// Names for suggestions.
    var attributeNames: [String] { [] }
    /// Its elements when it is iterated, if it can be.
    var elements: [Datum]? { nil }

    func attribute(_ name: String) throws -> Datum? { nil }
    func item(_ key: Datum) throws -> Datum? {
        if case .string(let name) = key { try attribute(name) } else { nil }
    }
    func contains(_ key: Datum) throws -> Bool {
        if let elements { try Datum.contains(elements, key) } else { try item(key) != nil }
    }
    func call(_ arguments: Arguments, _ renderer: Renderer) throws -> Datum {
        throw Fault("a \(typeName) cannot be called")
    }
}
