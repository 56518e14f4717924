internal import ArgumentParser
internal import Fleet
internal import Inventory
internal import Values

struct HostList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the hosts of the inventory", aliases: ["ls"])
    @Flag(help: "Ask the hypervisors what they have left, and whether they are drained") var live = false
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let context = try common.context()
        let hosts = try await common.hosts(context)
        if live { return try await list(hosts, context) }
        let memory = DrainMemory(context.directory)
        let marks = hosts.map { memory.mark(of: $0.name) }
        let value = Value(zip(hosts, marks).map { $0.summary(drained: $1) })
        Output.write(value, common.format) {
            var table = Table("HOST", "ADDRESS", "GROUPS", "ROLES")
            for (host, mark) in zip(hosts, marks) {
                table.add([
                    host.name, host.port.map { "\(host.address):\($0)" } ?? host.address,
                    host.groups.joined(separator: ","),
                    host.roles.joined(separator: ",") + (mark.map { " (\($0.words))" } ?? ""),
                ])
            }
            return table.text
        }
    }

    private func list(_ hosts: [Host], _ context: FleetContext) async throws {
        let answers = await HypervisorNodes(context, driver: try common.hypervisors(context)).ask(hosts)
        let nodes = answers.map { try? $0?.get() }
        let problems = answers.compactMap { answer in
            if case .failure(let problem)? = answer { problem } else { nil }
        }
        let values = zip(hosts, answers).map { host, answer -> Value in
            var fields = host.summary.map ?? Mapping()
            switch answer {
            case .success(let node)?: fields["hypervisor"] = node.value
            case .failure(let problem)?: fields["hypervisor"] = ["problem": Value(problem.diagnostic.summary)]
            case nil: fields["hypervisor"] = .null
            }
            return Value(fields)
        }
        Output.write(Value(values), common.format) {
            var table = Table("HOST", "ADDRESS", "CPUS", "FREE", "MEMORY", "FREE", "VMS", "SERVICE", "ROLES")
            for (host, node) in zip(hosts, nodes) {
                table.add([
                    host.name, host.address, node.map { String($0.cpus) } ?? "-",
                    node.map { String($0.freeCPUs) } ?? "-", node.map { "\($0.memoryMiB) MiB" } ?? "-",
                    node.flatMap(\.freeMemoryMiB).map { "\($0) MiB" } ?? "-",
                    node.map { "\($0.runningMachines) of \($0.allMachines)" } ?? "-",
                    node.map { $0.isServiceUnknown ? "?" : $0.outOfService ?? "in" } ?? "-",
                    host.roles.joined(separator: ","),
                ])
            }
            return table.text
        }
        try failIfAny(problems)
    }
}

extension Host {
    /// The same with the mark that the host had when it was last asked.
    func summary(drained mark: DrainMark?) -> Value {
        var fields = summary.map ?? Mapping()
        fields["drained"] = mark?.value ?? .null
        return Value(fields)
    }

    /// What the inventory says of a host, as `host list` and `host show` print it.
    var summary: Value {
        Value(
            Mapping([
                ("name", Value(name)), ("address", Value(address)), ("port", port.map { Value($0) } ?? .null),
                ("user", user.map { Value($0) } ?? .null),
                ("groups", Value(groups.map { Value($0) })), ("roles", Value(roles.map { Value($0) })),
            ]))
    }
}
