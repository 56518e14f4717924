import Jinja
import Values

/// What templates reach as `salt`: `salt['pillar.get'](...)` and `salt.pillar.get(...)`.
///
/// Only what can be answered without touching the host: the rest is in the facts.
struct SaltFunctions: Sendable {
    typealias Body = RenderInput.SaltFunction

    private let functions: [String: Body]

    init(input: RenderInput, tree: any SourceTree) {
        functions = Self.refusals.merging(LookupFunctions(input: input).functions) { $1 }
            .merging(MergeFunctions.functions) { $1 }
            .merging(PathFunctions(tree: tree).functions) { $1 }
            .merging(NetworkFunctions(grains: input.grains).functions) { $1 }
            .merging(input.saltFunctions) { $1 }
    }

    /// The object that templates see.
    var object: JinjaObject {
        JinjaObject("salt", functions: Dictionary(uniqueKeysWithValues: functions.map { ($0, JinjaFunction($0, $1)) }))
    }

    /// Functions that formulas like to call and that would have to run on the host: better told why than undefined.
    private static let refusals: [String: Body] = {
        let names = [
            "cmd.run", "cmd.run_all", "cmd.run_stdout", "cmd.shell", "cmd.retcode", "mine.get", "publish.publish",
            "file.file_exists", "file.directory_exists", "file.read", "pkg.version", "pkg.list_pkgs",
            "pkg.latest_version",
            "service.status", "service.available", "environ.get", "sdb.get", "vault.read_secret", "user.info",
        ]
        return Dictionary(
            uniqueKeysWithValues: names.map { name in
                let refusal: Body = { _ in
                    throw Diagnostic.error(
                        "\"salt['\(name)']\" is not available: templates are rendered on the controller",
                        hint: "use a fact, or a state that runs on the host")
                }
                return (name, refusal)
            })
    }()
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
