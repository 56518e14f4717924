import Jinja
import Values

/// What templates reach as `salt`: `salt['pillar.get'](...)` and `salt.pillar.get(...)`.
///
/// Only what can be answered without touching the host: the rest is in the facts.
struct SaltFunctions: Sendable {
    typealias Body = RenderInput.SaltFunction

    private let functions: [String: Body]

    init(input: RenderInput, tree: any SourceTree) {
        let lookups = LookupFunctions(input: input).functions
        let files = PathFunctions(tree: tree).functions
        functions = lookups.merging(MergeFunctions.functions) { $1 }.merging(files) { $1 }
            .merging(input.saltFunctions) { $1 }
    }

    /// The object that templates see.
    var object: JinjaObject {
        JinjaObject(
            "salt",
            attribute: { module(named: $0) },
            item: { key in
                guard let name = key.string else { return nil }
                if functions[name] != nil { return function(name) }
                // A call of what is missing says more than a missing key would.
                return name.contains(".") ? unknown(name) : module(named: name)
            },
            contains: { key in key.string.map { functions[$0] != nil } ?? false })
    }

    private func module(named module: String) -> JinjaValue? {
        let known = functions.keys.contains { $0.hasPrefix(module + ".") }
        guard known else { return nil }
        return .object(
            JinjaObject(
                "salt.\(module)",
                attribute: { name in
                    let full = "\(module).\(name)"
                    return functions[full] == nil ? unknown(full) : function(full)
                },
                item: { key in
                    key.string.map { name in
                        let full = "\(module).\(name)"
                        return functions[full] == nil ? unknown(full) : function(full)
                    }
                },
                contains: { key in key.string.map { functions["\(module).\($0)"] != nil } ?? false }))
    }

    private func function(_ name: String) -> JinjaValue {
        guard let body = functions[name] else { return unknown(name) }
        return .function(JinjaFunction(name, body))
    }

    /// A function that says, when it is called, that it is not there.
    private func unknown(_ name: String) -> JinjaValue {
        let near = NearestName.hint(for: name, among: functions.keys.sorted())
        return .function(
            JinjaFunction(name) { _ in
                throw Diagnostic.error(
                    "\"salt['\(name)']\" is not available: templates are rendered on the controller",
                    hint: near ?? "use a fact, or a state that runs on the host")
            })
    }
}

extension SaltCall {
    /// A function for templates whose arguments are read by parameter name and whose answer is a plain value.
    static func body(
        _ name: String, _ parameters: [String], variadic: Bool = false,
        _ answer: @escaping @Sendable (SaltCall) throws -> Value
    ) -> (String, SaltFunctions.Body) {
        (
            name,
            { arguments in
                .value(try answer(try SaltCall(name, arguments, parameters: parameters, variadic: variadic)))
            }
        )
    }
}
