public import Values

/// What a template can be given, and what the functions it calls take and return.
public enum JinjaValue: Sendable {
    /// Data.
    case value(Value)
    /// A function that templates can call.
    case function(JinjaFunction)
    /// Something that answers look-ups, as `salt` does in `salt['pillar.get']` and `salt.pillar.get`.
    case object(JinjaObject)
    /// Nothing of that name; using it is an error, except in `is defined` and the `default` filter.
    case undefined(name: String)

    /// The data, if that is what it is.
    public var value: Value? { if case .value(let value) = self { value } else { nil } }
    public static let null = JinjaValue.value(.null)
}

extension JinjaValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral {
    public init(stringLiteral text: String) { self = .value(Value(text)) }
    public init(integerLiteral number: Int) { self = .value(Value(number)) }
    public init(booleanLiteral truth: Bool) { self = .value(Value(truth)) }
}

/// A function that templates can call.
///
/// It runs on the thread that renders. A `Diagnostic` or `Diagnostics` that it throws is shown to people as it is, at
/// the call's place in the template if it has none of its own; any other error by its description.
public struct JinjaFunction: Sendable {
    public let name: String
    let body: @Sendable (JinjaArguments) throws -> JinjaValue

    public init(_ name: String, _ body: @escaping @Sendable (JinjaArguments) throws -> JinjaValue) {
        self.name = name
        self.body = body
    }
}

/// The arguments of a call.
public struct JinjaArguments: Sendable {
    public var positional: [JinjaValue]
    public var named: [(String, JinjaValue)]
    /// Where in the template the function is called.
    public var mark: Mark?

    public init(positional: [JinjaValue] = [], named: [(String, JinjaValue)] = [], mark: Mark? = nil) {
        self.positional = positional
        self.named = named
        self.mark = mark
    }

    /// The argument at an index or of a name, whichever was given.
    public func argument(_ index: Int, _ name: String) -> JinjaValue? {
        if index < positional.count { return positional[index] }
        return named.first { $0.0 == name }?.1
    }
}

/// Answers `object.name` and `object['key']` by closures.
public struct JinjaObject: Sendable {
    public let name: String
    let attribute: @Sendable (String) throws -> JinjaValue?
    let item: @Sendable (Value) throws -> JinjaValue?
    let keys: @Sendable () -> [String]

    /// - Parameters:
    ///   - name: what messages call it.
    ///   - attribute: the value of `object.name`, nil if there is none.
    ///   - item: the value of `object['key']`, nil if there is none; also asked by `'key' in object`.
    ///   - keys: the names there are: for suggestions, and what a loop over the object yields.
    public init(
        _ name: String, attribute: @escaping @Sendable (String) throws -> JinjaValue?,
        item: @escaping @Sendable (Value) throws -> JinjaValue?, keys: @escaping @Sendable () -> [String] = { [] }
    ) {
        self.name = name
        self.attribute = attribute
        self.item = item
        self.keys = keys
    }

    /// Functions by dotted names: `salt['pillar.get']` and `salt.pillar.get` alike.
    public init(_ name: String, functions: [String: JinjaFunction]) {
        self.init(name, prefix: "", functions: functions)
    }

    private init(_ name: String, prefix: String, functions: [String: JinjaFunction]) {
        let find: @Sendable (String) -> JinjaValue? = { key in
            let full = prefix + key
            if let function = functions[full] { return .function(function) }
            guard functions.keys.contains(where: { $0.hasPrefix(full + ".") }) else { return nil }
            return .object(JinjaObject("\(name).\(key)", prefix: full + ".", functions: functions))
        }
        self.init(
            name, attribute: find, item: { $0.string.flatMap(find) },
            keys: { functions.keys.filter { $0.hasPrefix(prefix) }.map { String($0.dropFirst(prefix.count)) }.sorted() }
        )
    }
}
