internal import ArgumentParser
internal import Fleet
internal import Hypervisor
internal import Inventory
internal import Values

struct VMList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the VMs of every hypervisor, whoever made them",
        discussion: """
            All hosts are asked at once. One that does not answer within --timeout seconds is a line of its own, with the VMs that
            were last seen there, and makes the exit code 4.

            EXAMPLES
              drover vm list
              drover vm list -t hv1 --all
              drover vm list --timeout 3 --format json
            """, aliases: ["ls"])
    @Flag(help: "Show every address, the UUID, and whether it starts with its host") var all = false
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let context = try common.context()
        let hosts = try context.hosts(common.target)
        let listing = await MachineListing(context, driver: try common.hypervisors(context)).list(hosts)
        Output.write(Value(listing.map(\.value)), common.format) { table(listing) }
        try failIfAny(listing.compactMap(\.problem))
    }

    private func table(_ listing: [MachineListing.Line]) -> String {
        let usual = ["NAME", "HOST", "STATE", "CPUS", "MEMORY", "IMAGE", "PROFILE", "OWNER", "SNAPSHOTS"]
        var table = Table(usual + (all ? ["AUTOSTART", "UUID"] : []) + ["ADDRESSES"])
        for line in listing { for row in line.rows(all: all) { table.add(row) } }
        return table.text
    }
}

extension MachineListing.Line {
    var problem: HostProblem? { if case .silent(_, let problem, _) = self { problem } else { nil } }

    /// Stable API: programs read these keys.
    var value: Value {
        switch self {
        case .machine(let row):
            Value(
                Mapping([
                    ("name", Value(row.machine.name)), ("uuid", Value(row.machine.uuid)),
                    ("host", Value(row.host.name)), ("state", Value(row.machine.state.activity.name)),
                    ("cpus", Value(row.machine.cpus)), ("memory_mib", Value(row.machine.memoryMiB)),
                    ("image", row.machine.image.map { Value($0) } ?? .null),
                    ("addresses", Value(row.addresses.map { Value($0.address) })),
                    ("autostart", Value(row.machine.autostart)),
                    ("owner", row.machine.metadata?.owner.map { Value($0) } ?? .null),
                    ("profile", row.machine.metadata?.profile.map { Value($0) } ?? .null),
                    ("snapshots", row.snapshots.map { Value($0) } ?? .null),
                    (
                        "address_sources",
                        Value(Mapping(row.addresses.map { ($0.address, Value($0.source.rawValue)) }))
                    ),
                ]))
        case .silent(let host, let problem, let lastSeen):
            [
                "name": nil, "host": Value(host.name), "state": "unreachable",
                "problem": Value(problem.diagnostic.summary), "last_seen": Value(lastSeen.map { Value($0) }),
            ]
        }
    }

    fileprivate func rows(all: Bool) -> [[String]] {
        switch self {
        case .machine(let row): [cells(row, all: all)]
        case .silent(let host, _, let lastSeen):
            (lastSeen.isEmpty ? ["-"] : lastSeen).map { name in
                [name, host.name, "unreachable"] + Array(repeating: "-", count: all ? 8 : 6)
                    + [name == "-" ? "-" : "last seen there"]
            }
        }
    }

    private func cells(_ row: MachineListing.Row, all: Bool) -> [String] {
        let machine = row.machine
        let addresses = row.addresses.map(\.address)
        let shown =
            all || addresses.count < 2 ? addresses.joined(separator: ",") : "\(addresses[0]) +\(addresses.count - 1)"
        return [
            machine.name, row.host.name, machine.state.activity.name, String(machine.cpus),
            "\(machine.memoryMiB) MiB", machine.image ?? "-", machine.metadata?.profile ?? "-",
            machine.metadata?.owner ?? "-", row.snapshots.map { $0 == 0 ? "-" : String($0) } ?? "-",
        ] + (all ? [machine.autostart ? "yes" : "no", machine.uuid] : []) + [shown.isEmpty ? "-" : shown]
    }
}
