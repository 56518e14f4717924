internal import Hypervisor
internal import Inventory
internal import Values

/// Which VMs each host had when it last answered: what is said of a host that does not answer now.
package struct MachineMemory: Sendable {
    private let path: String

    package init(_ fleet: FleetDirectory) { path = DiskPath.join(fleet.memory, "machines.json") }

    func remember(_ answers: [MachineCensus.Answer]) {
        let before = read()
        var seen = before
        for answer in answers {
            guard let machines = try? answer.machines.get() else { continue }
            seen[answer.host.name] = Value(machines.map { Value($0.name) })
        }
        guard seen != before, (try? DiskPath.makeDirectory(DiskPath.parent(path), mode: 0o700)) != nil else { return }
        try? DiskFile.write(Array(JSON.write(Value(seen)).utf8), to: path, mode: 0o600)
    }

    /// What is known of a host that is no part of the fleet any more.
    func forget(_ host: String) {
        var seen = read()
        guard seen[host] != nil else { return }
        seen[host] = nil
        try? DiskFile.write(Array(JSON.write(Value(seen)).utf8), to: path, mode: 0o600)
    }

    /// The names last seen on a host.
    package func lastSeen(on host: String) -> [String] { known(on: host) ?? [] }

    /// The same; nil for a host that has never answered.
    func known(on host: String) -> [String]? { read()[host]?.list?.compactMap(\.string) }

    /// Every name last seen anywhere.
    func names() -> Set<String> { Set(read().values.flatMap { $0.list?.compactMap(\.string) ?? [] }) }

    private func read() -> Mapping {
        guard let text = try? DiskFile.readText(path) else { return Mapping() }
        return (try? JSON.read(SourceText(name: path, text: text)))?.map ?? Mapping()
    }
}
