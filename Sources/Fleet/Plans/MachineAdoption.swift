internal import Hypervisor
package import Inventory
package import Values

/// Takes in VMs that Drover did not make: notes its ownership in them, and writes their entries. Nothing else changes.
package struct MachineAdoption: Sendable {
    /// What became of one VM.
    package struct Adopted: Sendable {
        package let name: String
        package let host: String
        /// False for one that was Drover's already.
        package let isNew: Bool
        /// Its entry under `vms:`.
        package let entry: Mapping
        /// What of it no entry can say.
        package let warnings: [Diagnostic]
    }

    private let context: FleetContext
    private let driver: any HypervisorDriver

    package init(_ context: FleetContext, driver: any HypervisorDriver) {
        self.context = context
        self.driver = driver
    }

    /// The VMs of these hosts that are not Drover's.
    package func candidates(on hosts: [Host]) async -> (names: [String], problems: [HostProblem]) {
        let answers = await MachineCensus(context, driver: driver).take(hosts)
        let names = answers.flatMap { (try? $0.machines.get()) ?? [] }.filter { $0.metadata?.owner == nil }.map(\.name)
        return (names, answers.compactMap { if case .failure(let problem) = $0.machines { problem } else { nil } })
    }

    /// Takes one in.
    /// - Throws: `Diagnostics` when there is no such VM, or its name cannot stand in a file; ``HostProblem``.
    package func adopt(_ name: String) async throws -> Adopted {
        var spec = MachineSpec(name: name)
        let found = try await MachineCensus(context, driver: driver).find(name)
        spec.name = found.machine.name
        try spec.validate()
        return try await MachineHold(context, driver: driver).with(found, for: "adopt") { held in
            let survey = await MachinePlacement(context, driver: driver)
                .survey([spec], hosts: [held.found.host], details: true)
            if let problem = survey.problems.first { throw problem }
            guard var present = survey.present.first(where: { $0.uuid == held.found.machine.uuid }) else {
                throw Diagnostics(.error("\"\(held.name)\" vanished meanwhile", host: held.found.host.name))
            }
            var metadata = held.found.machine.metadata ?? DomainMetadata()
            let isNew = metadata.owner == nil
            if isNew {
                metadata.owner = "drover"
                // Whatever they are called, they were there before Drover, and stay when the VM goes: unless Drover made it,
                // and somebody took its ownership away since.
                if metadata.seed == nil {
                    let defined = try await held.connection.description(of: held.domain, .inactive)
                    for disk in defined.disks { metadata.labels[MachineDisk.foreignLabel(disk.target)] = "yes" }
                    for index in present.disks.indices { present.disks[index].name = nil }
                }
                try await held.connection.setMetadata(held.domain, metadata)
            }
            return Adopted(
                name: held.name, host: held.found.host.name, isNew: isNew,
                entry: Self.entry(present, image: metadata.image), warnings: Self.warnings(present))
        }
    }

    private static func warnings(_ machine: PresentMachine) -> [Diagnostic] {
        machine.nics.filter { !$0.canBeSaid }.map { nic in
            .warning(
                "the NIC \(nic.mac) of \"\(machine.name)\" (\(nic.source)) is in no entry",
                detail: "only bridges, networks, direct and user connections on one VLAN can be; it stays as it is",
                host: machine.host)
        }
    }

    /// A VM as a file would say it: what there is, so that a plan finds nothing to do.
    static func entry(_ machine: PresentMachine, image: String?) -> Mapping {
        var entry = Mapping()
        if let image { entry["image"] = Value(image) }
        entry["cpus"] = Value(machine.cpus)
        entry["memory"] = Value(ByteSize(mebibytes: machine.memoryMiB).description)
        let disks = machine.disks.map { disk in
            var map = Mapping([("name", Value(disk.name ?? DiskPath.lastComponent(disk.path)))])
            if let pool = disk.pool { map["pool"] = Value(pool) }
            map["source"] = Value(disk.pool == nil ? disk.path : DiskPath.lastComponent(disk.path))
            return Value(map)
        }
        if !disks.isEmpty { entry["disks"] = Value(disks) }
        // Without names they are all that there is, whatever a profile says; none has to be said too.
        entry["nics"] = Value(
            machine.nics.filter(\.canBeSaid).map { nic -> Value in
                let words = nic.source.split(separator: " ", maxSplits: 1).map(String.init)
                var map = Mapping([(words[0], words.count == 2 ? Value(words[1]) : true)])
                map["mac"] = Value(nic.mac)
                if let model = nic.model { map["model"] = Value(model) }
                if let vlan = nic.vlan { map["vlan"] = Value(vlan) }
                if let mtu = nic.mtu { map["mtu"] = Value(mtu) }
                return Value(map)
            })
        if machine.autostart { entry["autostart"] = true }
        if machine.activity == .stopped { entry["state"] = "stopped" }
        return entry
    }
}

/// Writes entries into `inventory/vms.yaml`.
package struct MachineFile: Sendable {
    private let path: String
    private let name: String

    package init(_ fleet: FleetDirectory) {
        path = DiskPath.join(fleet.root, "inventory/vms.yaml")
        name = fleet.displayName(path)
    }

    /// Adds entries at the file's end; what is there stays as it was written.
    /// - Throws: `Diagnostics` when an entry is there already, or the file does not end with its `vms:`.
    package func append(_ entries: [(String, Mapping)]) throws {
        let old = DiskPath.exists(path) ? try DiskFile.readText(path) : ""
        let before = try YAML.read(SourceText(name: name, text: old))["vms"]?.map ?? Mapping()
        let taken = entries.filter { before[$0.0] != nil }
        if let found = Diagnostics(taken.map { .error("\"\($0.0)\" is in \(name) already") }) { throw found }
        let added = YAML.write(Value(Mapping(entries.map { ($0.0, Value($0.1)) })))
            .split(separator: "\n").map { "  \($0)\n" }.joined()
        let head = before.isEmpty && !old.contains("vms:") ? "vms:\n" : ""
        let text = old + (old.isEmpty || old.hasSuffix("\n") ? "" : "\n") + head + added
        let after = (try? YAML.read(SourceText(name: name, text: text)))?["vms"]?.map
        guard let after, after.count == before.count + entries.count, entries.allSatisfy({ after[$0.0] != nil }) else {
            throw Diagnostics(
                .error(
                    "cannot add to \(name)", detail: "its \"vms:\" is not a block at its end",
                    hint: "leave out --write and put the entries where they belong"))
        }
        try DiskFile.write(Array(text.utf8), to: path)
    }
}
