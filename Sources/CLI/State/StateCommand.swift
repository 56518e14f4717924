internal import ArgumentParser
internal import Fleet
internal import Inventory
internal import Modules
internal import States
internal import Values

struct StateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "state", abstract: "Look at what roles compile to, and at the state functions there are",
        subcommands: [StateRender.self, StateShow.self, StateList.self, StateDoc.self])
}

struct StateShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show the low state of roles for a host, in execution order")
    @Argument(help: "Roles; those of the host when none is named") var roles: [String] = []
    @Option(help: "JSON or YAML file of facts instead of the host's own; no host is needed then") var facts: String?
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let context = try common.context()
        let host = try singleHost(try await common.hosts(context))
        let known = try await factsOf(host, file: facts, context)
        let planning = HostPlanning(context.directory, host: host, facts: known, test: true)
        let low = try planning.compile(roles.isEmpty ? host.roles : roles)
        Terminal.show(low.warnings)
        Output.write(low.json(), common.format) { YAML.write(low.json()) }
    }
}

struct StateList: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "List the state functions")
    @OptionGroup var common: CommonOptions

    func run() throws {
        let catalog = Catalog.standard
        let names = catalog.states.flatMap { state in catalog.functions(of: state).map { "\(state).\($0)" } }
        Output.write(Value(names.map { Value($0) }), common.format) { names.map { $0 + "\n" }.joined() }
    }
}

struct StateDoc: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "doc", abstract: "Show a state function's arguments")
    @Argument(help: "Function, such as file.managed") var function: String
    @OptionGroup var common: CommonOptions

    func run() throws {
        let catalog = Catalog.standard
        let parts = function.split(separator: ".", maxSplits: 1).map(String.init)
        guard parts.count == 2, let found = catalog[parts[0], parts[1]] else {
            let names = catalog.states.flatMap { state in catalog.functions(of: state).map { "\(state).\($0)" } }
            throw Diagnostics(
                .error(
                    "there is no state function \"\(function)\"", hint: NearestName.hint(for: function, among: names)))
        }
        let arguments = found.parameters.map { parameter -> Value in
            [
                "name": Value(parameter.name), "kind": Value(parameter.kind.rawValue),
                "summary": Value(parameter.summary),
            ]
        }
        Output.write(["summary": Value(found.summary), "arguments": Value(arguments)], common.format) {
            var table = Table("ARGUMENT", "KIND", "MEANING")
            for parameter in found.parameters {
                table.add([parameter.name, parameter.kind.rawValue, parameter.summary])
            }
            return "\(function): \(found.summary)\n\n\(table.text)"
        }
    }
}
