package import Jinja
package import Values

/// What the templates of one host see.
package struct RenderInput: Sendable {
    /// A function that templates call as `salt['module.function'](...)`.
    package typealias SaltFunction = @Sendable (JinjaArguments) throws -> JinjaValue

    package var hostName: String
    /// Salt's grains and our own; `id` is the host's name unless it is there.
    package var facts: Mapping
    /// What Salt calls pillar.
    package var vars: Mapping
    /// Whether the run is a check.
    package var test: Bool
    /// Functions beside the built-in ones, by full name; they win over built-in ones.
    package var saltFunctions: [String: SaltFunction]

    package init(
        hostName: String, facts: Mapping, vars: Mapping, test: Bool = false,
        saltFunctions: [String: SaltFunction] = [:]
    ) {
        self.hostName = hostName
        self.facts = facts
        self.vars = vars
        self.test = test
        self.saltFunctions = saltFunctions
    }

    /// The facts with the host's name as `id`.
    var grains: Mapping {
        guard facts["id"] == nil else { return facts }
        var result = facts
        result["id"] = Value(hostName)
        return result
    }

    /// What templates see as `opts`.
    var options: Mapping {
        Mapping([
            ("id", Value(hostName)), ("test", Value(test)), ("saltenv", "base"), ("pillarenv", nil),
            ("renderer", "jinja|yaml"), ("state_auto_order", true),
        ])
    }
}
