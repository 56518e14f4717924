internal import Hypervisor
internal import Inventory
internal import Values

/// A VM where it is, with what it needs of another host.
struct Resident: Sendable {
    let machine: DomainSummary
    let present: PresentMachine
    let home: StockGathering.Answer
    /// A target expression for the hosts that it may be on.
    let place: String?

    /// The VMs of a host whose definitions were looked at.
    static func all(of answer: StockGathering.Answer, _ inventory: Inventory) -> [Resident] {
        let present = Dictionary(answer.present.map { ($0.uuid, $0) }) { first, _ in first }
        return ((try? answer.census.machines.get()) ?? []).compactMap { machine in
            present[machine.uuid].map { present in
                let entry = inventory.machines.first { $0.name == machine.name }?.spec["place"]?.string
                let place = entry ?? machine.metadata?.labels[MachineSpec.placeLabel]
                return Resident(machine: machine, present: present, home: answer, place: place)
            }
        }
    }

    var spread: Set<String> { Set(machine.metadata?.spread ?? []) }
    var affinity: Set<String> { Set(machine.metadata?.affinity ?? []) }
    /// Whether it runs, or will when its host starts: its memory and processors are not to be given away.
    var isReserving: Bool { machine.state.isActive || machine.autostart }

    /// Bytes that it may grow to, by the pool of its host that they are in; what hosts share takes up nothing anew.
    var disks: [String: Int] {
        var bytes: [String: Int] = [:]
        for disk in present.disks {
            let folder = DiskPath.parent(disk.path)
            let pool = home.pools.first { pool in disk.pool.map { $0 == pool.name } ?? (folder == pool.path) }
            guard let pool, Self.localTypes.contains(pool.type) else { continue }
            bytes[pool.name, default: 0] += disk.capacity ?? 0
        }
        return bytes
    }

    /// Types of pools whose volumes one host has alone.
    static let localTypes: Set<String> = ["dir", "fs", "logical", "disk", "zfs"]

    /// What it needs of a host; why it cannot be there, as a failure.
    func demand(on answer: StockGathering.Answer) -> Result<MachineDemand, Diagnostics> {
        do throws(Diagnostics) {
            try answer.host.require(machine.state.isActive ? .liveMigration : .offlineMigration)
            var demand = MachineDemand(
                name: machine.name, cpus: isReserving ? machine.cpus : 0,
                memoryMiB: isReserving ? machine.memoryMiB : 0,
                architecture: present.hardware.flatMap { $0.architecture.isEmpty ? nil : $0.architecture })
            demand.spread = spread
            demand.affinity = affinity
            if case .success(let stock) = answer.stock {
                if let hardware = present.hardware, !hardware.isEmulated,
                    stock.guests[hardware.architecture] == false
                {
                    throw Diagnostics(.error("it has no KVM, which the VM was made for"))
                }
                // A directory that is a pool here becomes one there.
                demand.disks = disks.filter { stock.pools[$0.key] != nil }
            }
            for nic in present.nics { demand.add(nic) }
            return .success(demand)
        } catch {
            return .failure(error)
        }
    }

    func move(to host: String) -> Relocation.Move {
        Relocation.Move(
            vm: machine.name, uuid: machine.uuid, from: home.host.name, to: host, isLive: machine.state.isActive,
            memoryMiB: machine.memoryMiB)
    }

    func stay(_ reason: Diagnostic) -> Relocation.Stay {
        Relocation.Stay(
            vm: machine.name, uuid: machine.uuid, host: home.host.name, isActive: machine.state.isActive,
            reason: reason)
    }
}

extension MachineDemand {
    mutating func add(_ nic: PresentMachine.NIC) {
        let words = nic.source.split(separator: " ", maxSplits: 1).map(String.init)
        guard words.count == 2 else { return }
        switch words[0] {
        case "bridge": bridges.insert(words[1])
        case "network": networks.insert(words[1])
        case "direct": links.insert(words[1])
        default: return
        }
    }
}
