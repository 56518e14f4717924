internal import ArgumentParser
internal import Fleet
internal import Inventory
internal import Values

struct HostPing: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ping", abstract: "Log in to each host and say how long it took")
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let context = try common.context()
        let hosts = try await common.hosts(context)
        let answers = await HostPinging(context).ping(hosts)
        let value = Value(zip(hosts, answers).map { host, answer in answer.value(host.name) })
        Output.write(value, common.format) {
            var table = Table("HOST", "ANSWERS", "MS")
            for (host, answer) in zip(hosts, answers) { table.add(answer.row(host.name)) }
            return table.text
        }
        try failIfAny(answers.compactMap { if case .failure(let problem) = $0 { problem } else { nil } })
    }
}

extension Result<Double, HostProblem> {
    fileprivate func value(_ host: String) -> Value {
        switch self {
        case .success(let seconds):
            ["host": Value(host), "answers": true, "milliseconds": Value(Int(seconds * 1000))]
        case .failure(let problem):
            ["host": Value(host), "answers": false, "problem": Value(problem.diagnostic.summary)]
        }
    }

    fileprivate func row(_ host: String) -> [String] {
        switch self {
        case .success(let seconds): [host, "yes", String(Int(seconds * 1000))]
        case .failure: [host, "no", "-"]
        }
    }
}
