internal import ArgumentParser
internal import Fleet
internal import Inventory
internal import Values

struct HostRun: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Run a command on hosts and show what each one printed")
    @OptionGroup var common: CommonOptions
    @Argument(parsing: .postTerminator, help: "The command's words, after --") var words: [String] = []

    func validate() throws {
        guard !words.isEmpty else {
            throw ValidationError("give the command after --: drover host run -t HOST -- uptime")
        }
    }

    func run() async throws {
        let context = try common.context()
        let hosts = try await common.hosts(context)
        let answers = await HostCommandRun(context).run(words, on: hosts)
        var result = Mapping()
        for (host, answer) in zip(hosts, answers) { result[host.name] = answer.value }
        Output.write(Value(result), common.format) {
            zip(hosts, answers).map { host, answer in answer.text(host.name) }.joined()
        }
        let problems = answers.compactMap { if case .failure(let problem) = $0 { problem } else { nil } }
        try failIfAny(problems)
        let failed = answers.contains { if case .success(let end) = $0 { !end.exit.succeeded } else { false } }
        if failed { throw CommandFailure(.hostsFailed) }
    }
}

extension Result<HostCommandRun.Answer, HostProblem> {
    fileprivate var value: Value {
        switch self {
        case .success(let answer):
            ["output": Value(answer.output), "error": Value(answer.error), "exit": Value(answer.exit.words)]
        case .failure(let problem): ["unreachable": Value(problem.diagnostic.summary)]
        }
    }

    fileprivate func text(_ host: String) -> String {
        guard case .success(let answer) = self else { return "" }
        let lines = (answer.output + answer.error).split(separator: "\n", omittingEmptySubsequences: false)
        let body = lines.last == "" ? lines.dropLast() : lines[...]
        let end = answer.exit.succeeded ? "" : "\(host): ended with \(answer.exit.words)\n"
        return body.map { "\(host): \(Table.printable(String($0)))\n" }.joined() + end
    }
}

extension ChannelExit {
    var words: String {
        switch self {
        case .code(let code): "exit code \(code)"
        case .signal(let name): "signal \(name)"
        case .unknown: "no exit status"
        }
    }
}
