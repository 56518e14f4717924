internal import ArgumentParser
internal import Fleet
internal import Inventory
internal import Values

struct HostFacts: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "facts", abstract: "Gather the facts of hosts, under Salt's names")
    @Argument(help: "Facts to show, such as os or hypervisor:bridges; all when none is named") var names: [String] = []
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let context = try common.context()
        let answers = await FactGathering(context).gather(try await common.hosts(context))
        var result = Mapping()
        var problems: [HostProblem] = []
        for answer in answers {
            switch answer.facts {
            case .success(let facts): result[answer.host.name] = narrowed(Value(facts))
            case .failure(let problem):
                problems.append(problem)
                let word = problem.kind == .failed ? "error" : "unreachable"
                result[answer.host.name] = Value(Mapping([(word, Value(problem.diagnostic.summary))]))
            }
        }
        Output.write(Value(result), common.format) { YAML.write(Value(result)) }
        try failIfAny(problems)
    }

    private func narrowed(_ facts: Value) -> Value {
        guard !names.isEmpty else { return facts }
        return Value(Mapping(names.map { ($0, facts.at($0.split(separator: ":")) ?? .null) }))
    }
}
