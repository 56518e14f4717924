internal import ArgumentParser
internal import Fleet
internal import Inventory
internal import Values

extension CommonOptions {
    /// The hypervisors that `-t` names, all without it.
    func hypervisorHosts(_ context: FleetContext) throws -> [Host] {
        let hosts = try context.hosts(target).filter(\.isHypervisor)
        guard !hosts.isEmpty else {
            throw CommandFailure(
                .error, [.error("none of these hosts is a hypervisor", hint: "roles: [hypervisor] makes one")])
        }
        return hosts
    }

    /// The same for what changes hosts: they have to be named, unless there is one only.
    func hostsToChange(_ context: FleetContext) throws -> [Host] {
        let hosts = try hypervisorHosts(context)
        guard target != nil || hosts.count == 1 else {
            let names = hosts.prefix(3).map(\.name).joined(separator: ",")
            throw CommandFailure(
                .usage, [.error("say on which hosts", hint: "-t takes names, groups and more: -t \(names)")])
        }
        return hosts
    }

    /// Does something to the pool, network or volume of that name on each of the hosts, and shows what became of it.
    func changeEach(
        _ name: String,
        _ act: @escaping @Sendable (FleetContext, any HypervisorDriver, Host) async throws -> StoreOutcome
    ) async throws {
        let context = try context()
        let hosts = try hostsToChange(context)
        let driver = try hypervisors(context)
        let answers = await HostAnswers(hosts, limit: context.parallel) { host in try await act(context, driver, host) }
        try finish(answers, named: name)
    }

    /// Shows what became of each host, and leaves with 3 or 4 when not all did their part.
    /// - Parameter toldConsequences: whether people know them already.
    func finish(_ answers: HostAnswers<StoreOutcome>, named name: String, toldConsequences: Bool = false) throws {
        Terminal.clearStatus()
        Output.write(Value(answers.hosts.map { $0.answer.value($0.host, name) }), format) {
            var table = Table("HOST", "NAME", "RESULT", "CHANGES")
            for (host, answer) in answers.hosts { table.add(answer.row(host, name)) }
            return table.text
        }
        for (_, answer) in answers.hosts {
            guard case .success(let outcome) = answer, !toldConsequences else { continue }
            for words in outcome.consequences { Terminal.note("\(outcome.host): \(words)") }
        }
        try failIfAny(answers.problems)
    }

    /// The mapping that a YAML file holds, for `--from`.
    static func arguments(from file: String?) throws -> Mapping {
        guard let file else { return Mapping() }
        let path = DiskPath.expandingHome(file)
        let value = try YAML.read(SourceText(name: file, text: try DiskFile.readText(path)))
        guard let map = value.map else {
            throw Diagnostics(
                .error("\"\(file)\" is \(value.kindName)", detail: "expected a mapping", mark: value.mark))
        }
        return map
    }
}

extension Result<StoreOutcome, HostProblem> {
    fileprivate func value(_ host: Host, _ name: String) -> Value {
        switch self {
        case .success(let outcome): outcome.value
        case .failure(let problem):
            [
                "host": Value(host.name), "name": Value(name), "result": Value(problem.resultName),
                "problem": Value(problem.diagnostic.rendered(colored: false)),
            ]
        }
    }

    fileprivate func row(_ host: Host, _ name: String) -> [String] {
        switch self {
        case .success(let outcome):
            let result = outcome.isUnchanged ? "already so" : outcome.isPredicted ? "would change" : "changed"
            return [host.name, outcome.name, result, outcome.changes.map(\.text).joined(separator: "; ")]
        case .failure(let problem): return [host.name, name, problem.resultName, "-"]
        }
    }
}

extension HostProblem {
    /// For the rows of hosts that did not do their part.
    var resultName: String { kind == .failed ? "failed" : "unreachable" }
}
