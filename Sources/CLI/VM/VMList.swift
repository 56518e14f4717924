internal import ArgumentParser
internal import Fleet
internal import Hypervisor
internal import Inventory
internal import Values

struct VMList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the VMs of every hypervisor", aliases: ["ls"])
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let context = try common.context()
        let hosts = try context.hosts(common.target)
        let listing = await MachineListing(context, driver: try common.hypervisors(context)).list(hosts)
        Output.write(Value(listing.map(\.value)), common.format) {
            var table = Table("NAME", "HOST", "STATE", "CPUS", "MEMORY", "IMAGE", "ADDRESSES")
            for line in listing { for row in line.rows { table.add(row) } }
            return table.text
        }
        try failIfAny(listing.compactMap(\.problem))
    }
}

extension MachineListing.Line {
    var problem: HostProblem? { if case .silent(_, let problem, _) = self { problem } else { nil } }

    /// Stable API: programs read these keys.
    var value: Value {
        switch self {
        case .machine(let host, let machine, let addresses):
            Value(
                Mapping([
                    ("name", Value(machine.name)), ("uuid", Value(machine.uuid)), ("host", Value(host.name)),
                    ("state", Value(machine.state.activity.name)), ("cpus", Value(machine.cpus)),
                    ("memory_mib", Value(machine.memoryMiB)), ("image", machine.image.map { Value($0) } ?? .null),
                    ("addresses", Value(addresses.map { Value($0) })), ("autostart", Value(machine.autostart)),
                ]))
        case .silent(let host, let problem, let lastSeen):
            [
                "name": nil, "host": Value(host.name), "state": "unreachable",
                "problem": Value(problem.diagnostic.summary), "last_seen": Value(lastSeen.map { Value($0) }),
            ]
        }
    }

    fileprivate var rows: [[String]] {
        switch self {
        case .machine(let host, let machine, let addresses):
            [
                [
                    machine.name, host.name, machine.state.activity.name, String(machine.cpus),
                    "\(machine.memoryMiB) MiB", machine.image ?? "-", addresses.joined(separator: ","),
                ]
            ]
        case .silent(let host, _, let lastSeen):
            lastSeen.isEmpty
                ? [["-", host.name, "unreachable", "-", "-", "-", "-"]]
                : lastSeen.map { [$0, host.name, "unreachable", "-", "-", "-", "last seen there"] }
        }
    }
}
