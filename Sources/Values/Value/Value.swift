/// A node of a value tree: null, truth, number, text, list or mapping, with the place in the file it was read from.
///
/// Two values are equal when their kinds are; where they stand does not matter.
public struct Value: Sendable, Hashable {
    public enum Kind: Sendable, Hashable {
        case null
        case bool(Bool)
        case int(Int)
        case double(Double)
        case string(String)
        case list([Value])
        case map(Mapping)
    }

    public var kind: Kind
    /// Where it was read from; nil for values made in code.
    public var mark: Mark?
    /// How a plain (unquoted) YAML scalar was written: `0644` where `kind` says 644. Nil for quoted text and values made in code.
    public var raw: String?

    public init(_ kind: Kind, at mark: Mark? = nil, raw: String? = nil) {
        self.kind = kind
        self.mark = mark
        self.raw = raw
    }

    public static func == (left: Value, right: Value) -> Bool { left.kind == right.kind }
    public func hash(into hasher: inout Hasher) { hasher.combine(kind) }
}

extension Value {
    public static let null = Value(.null)
    public init(_ text: String, at mark: Mark? = nil) { self.init(.string(text), at: mark) }
    public init(_ number: Int, at mark: Mark? = nil) { self.init(.int(number), at: mark) }
    public init(_ truth: Bool, at mark: Mark? = nil) { self.init(.bool(truth), at: mark) }
    public init(_ number: Double, at mark: Mark? = nil) { self.init(.double(number), at: mark) }
    public init(_ items: [Value], at mark: Mark? = nil) { self.init(.list(items), at: mark) }
    public init(_ mapping: Mapping, at mark: Mark? = nil) { self.init(.map(mapping), at: mark) }

    public var isNull: Bool { kind == .null }
    // Never inlined: Swift 6.3.1's optimizer crashes (CopyPropagation) on chains such as `value?.int.map` once they are.
    @inline(never) public var bool: Bool? { if case .bool(let value) = kind { value } else { nil } }
    @inline(never) public var int: Int? { if case .int(let value) = kind { value } else { nil } }
    /// The number, whole or not.
    @inline(never) public var double: Double? {
        switch kind {
        case .double(let value): value
        case .int(let value): Double(value)
        default: nil
        }
    }
    @inline(never) public var string: String? { if case .string(let value) = kind { value } else { nil } }
    @inline(never) public var list: [Value]? { if case .list(let value) = kind { value } else { nil } }
    @inline(never) public var map: Mapping? { if case .map(let value) = kind { value } else { nil } }

    /// The text of a scalar as people would write it (`true`, `8`, `1.5`, the string itself); nil for null, lists and mappings.
    public var scalarText: String? {
        switch kind {
        case .string(let text): text
        case .int(let number): String(number)
        case .double(let number): String(number)
        case .bool(let truth): truth ? "true" : "false"
        case .null, .list, .map: nil
        }
    }

    /// The name of the kind in words for messages: `a list`, `text`, `nothing`.
    public var kindName: String {
        switch kind {
        case .null: "nothing"
        case .bool: "true or false"
        case .int: "a whole number"
        case .double: "a number"
        case .string: "text"
        case .list: "a list"
        case .map: "a mapping"
        }
    }

    /// The value under a text key, if this is a mapping that has it.
    public subscript(_ key: String) -> Value? { map?[key] }

    /// The value at a path of keys (`virt:nic:default` in Salt's notation, split already); list indices are allowed.
    public func at(_ path: some Sequence<some StringProtocol>) -> Value? {
        var here = self
        for part in path {
            switch here.kind {
            case .map(let mapping):
                guard let next = mapping[String(part)] ?? Int(part).flatMap({ mapping[Value($0)] }) else { return nil }
                here = next
            case .list(let items):
                guard let index = Int(part), items.indices.contains(index) else { return nil }
                here = items[index]
            default: return nil
            }
        }
        return here
    }
}

extension Value: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByFloatLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral, ExpressibleByNilLiteral
{
    public init(stringLiteral text: String) { self.init(.string(text)) }
    public init(integerLiteral number: Int) { self.init(.int(number)) }
    public init(booleanLiteral truth: Bool) { self.init(.bool(truth)) }
    public init(floatLiteral number: Double) { self.init(.double(number)) }
    public init(arrayLiteral items: Value...) { self.init(.list(items)) }
    public init(dictionaryLiteral pairs: (Value, Value)...) {
        var mapping = Mapping()
        for (key, value) in pairs { mapping[key] = value }
        self.init(.map(mapping))
    }
    public init(nilLiteral: ()) { self.init(.null) }
}
