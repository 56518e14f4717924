internal import Fleet
internal import Inventory
internal import Values

extension HostAnswers {
    /// The things of all hosts as data; a host that did not answer is one that says so.
    func values<Item>(_ value: (Host, Item) -> Value) -> [Value] where Answer == [Item] {
        hosts.flatMap { host, answer in
            switch answer {
            case .success(let items): return items.map { value(host, $0) }
            case .failure(let problem): return [problem.row(host)]
            }
        }
    }

    /// The things of all hosts as rows, with the host in the second column.
    func addRows<Item>(
        to table: inout Table, columns: Int, _ row: (Host, Item) -> [String]
    ) where Answer == [Item] {
        for (host, answer) in hosts {
            switch answer {
            case .success(let items): for item in items { table.add(row(host, item)) }
            case .failure(let problem):
                let rest = Array(repeating: "-", count: columns - 3)
                table.add(["-", host.name, problem.resultName] + rest)
            }
        }
    }
}

extension HostProblem {
    /// The row of a host that did not answer.
    fileprivate func row(_ host: Host) -> Value {
        [
            "name": nil, "host": Value(host.name), "state": Value(resultName),
            "problem": Value(diagnostic.summary),
        ]
    }
}

extension CommonOptions {
    /// Shows one thing of each host that has it.
    func show(_ answers: HostAnswers<StoreDetails.Found?>, missing: String, asXML: Bool) throws {
        let found = answers.hosts.compactMap { try? $0.answer.get() }
        if asXML {
            for one in found { Terminal.write(one.xml) }
        } else if !found.isEmpty || !answers.problems.isEmpty {
            let values = answers.hosts.compactMap { host, answer -> Value? in
                switch answer {
                case .success(let one): one?.value
                case .failure(let problem): problem.row(host)
                }
            }
            let value = Value(values)
            Output.write(value, format) { YAML.write(value) }
        }
        try failIfAny(answers.problems)
        if found.isEmpty { throw CommandFailure(.error, [.error(missing)]) }
    }
}
