internal import Hypervisor
internal import Inventory
internal import Values

/// A VM of a host that is lost, by the definition that it had there when it was last seen.
struct LostMachine: Sendable {
    let known: DefinitionMemory.Known
    let description: DomainDescription
    let place: String?

    /// - Returns: nil for a definition that cannot be read.
    init?(_ known: DefinitionMemory.Known, _ inventory: Inventory) {
        guard let element = try? XMLElement(reading: known.xml) else { return nil }
        self.known = known
        description = DomainDescription(element)
        let entry = inventory.machines.first { $0.name == known.name }?.spec["place"]?.string
        place = entry ?? description.metadata?.labels[MachineSpec.placeLabel]
    }

    var summary: DomainSummary {
        DomainSummary(
            name: known.name, uuid: known.uuid, state: DomainState(activity: .shutOff), cpus: description.cpus,
            memoryMiB: description.memoryMiB, autostart: known.autostart, metadata: description.metadata)
    }

    private var disks: [DiskDescription] { description.disks.filter { [.disk, .lun].contains($0.device) } }

    /// Files that another host would have to see.
    var paths: [String] { disks.compactMap { $0.source?.path } }

    /// What stays with the host, whatever other hosts see; nil when nothing does.
    var tie: String? {
        if description.hasEmulatedTPM { return "the state of its TPM is on the host" }
        if let held = description.hostDevices.first { return "it holds a \(held)" }
        if let shared = description.sharedDirectories.first { return "it uses the host's directory \(shared)" }
        return nil
    }

    /// What it needs of a host.
    /// - Parameter sight: which of its files the host sees on storage that hosts share.
    func demand(on answer: StockGathering.Answer, seeing sight: Set<String>) -> Result<MachineDemand, Diagnostics> {
        for disk in disks {
            switch disk.source {
            case .file(let path), .block(let path):
                guard sight.contains(path) else {
                    return .failure(Diagnostics(.error("it does not see \"\(path)\" on shared storage")))
                }
            case .volume(let pool, let name):
                let there = answer.pools.first { $0.name == pool && $0.isActive }
                guard let there, !Resident.localTypes.contains(there.type) else {
                    return .failure(Diagnostics(.error("it has no shared pool \"\(pool)\" with \"\(name)\"")))
                }
            case .network, nil: continue
            }
        }
        var demand = MachineDemand(
            name: known.name, cpus: description.cpus, memoryMiB: description.memoryMiB,
            architecture: description.architecture.isEmpty ? nil : description.architecture)
        let present = PresentMachine(
            summary, on: answer.host, defined: description, live: nil, capacities: [:])
        for nic in present.nics { demand.add(nic) }
        demand.spread = Set(description.metadata?.spread ?? [])
        demand.affinity = Set(description.metadata?.affinity ?? [])
        if case .success(let stock) = answer.stock, description.type == "kvm",
            stock.guests[description.architecture] == false
        {
            return .failure(Diagnostics(.error("it has no KVM, which the VM was made for")))
        }
        return .success(demand)
    }

    /// What is defined at its new host: drives whose files are not there are empty.
    func definition(without missing: Set<String>) throws(XMLProblem) -> String {
        var definition = DomainDefinition(description.document)
        definition.emptyDrives(holding: missing)
        return try definition.document.written()
    }

    /// Files of its drives.
    var drives: [String] { description.disks.filter { $0.device == .cdrom }.compactMap { $0.source?.path } }
}
