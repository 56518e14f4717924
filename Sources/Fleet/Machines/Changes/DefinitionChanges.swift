internal import Hypervisor
internal import Inventory
internal import Values

/// What of a VM only its definition says: all of it is changed at once, by one definition in the place of the other.
struct DefinitionChanges {
    let held: HeldMachine
    let request: ChangeRequest
    let context: FleetContext
    let driver: any HypervisorDriver

    /// - Returns: what has changed; a running guest has none of it before its next start.
    func apply() async throws -> [MachineChange] {
        let text = try await held.connection.xml(held.domain, [.inactive, .secure])
        var definition = try DomainDefinition(reading: text)
        let before = definition
        var changes: [MachineChange] = []
        func add(_ subject: String, from: String, to: String) {
            changes.append(MachineChange(subject, from: from, to: to, now: held.isActive ? false : nil))
        }
        if let boot = request.boot {
            let old = definition.bootOrder
            try setBoot(boot, &definition)
            add("boot", from: old.joined(separator: ","), to: boot.joined(separator: ","))
        }
        if let choice = request.cpu {
            try await setCPU(choice, &definition)
            add("cpu", from: Self.cpuName(before), to: Self.cpuName(definition))
        }
        if let machine = request.machine {
            definition.setMachine(machine)
            add("machine", from: before.description.machine, to: machine)
        }
        if let graphics = request.graphics {
            try setGraphics(graphics, &definition)
            add("graphics", from: Self.display(before), to: graphics.rawValue)
        }
        if let note = request.note {
            definition.setNote(note.isEmpty ? nil : note)
            add("note", from: before.document.first("description")?.text ?? "", to: note)
        }
        if let owner = request.owner {
            var metadata = definition.description.metadata ?? DomainMetadata()
            let old = metadata.owner ?? ""
            metadata.owner = owner.isEmpty ? nil : owner
            // Running and defined, without waiting for a start.
            try await held.connection.setMetadata(held.domain, metadata)
            definition.setMetadata(metadata)
            changes.append(MachineChange("owner", from: old, to: owner, now: held.isActive ? true : nil))
        }
        guard definition != before else { return [] }
        try await held.connection.define(xml: definition.text())
        return changes.filter { $0.from != $0.to }
    }

    private func setBoot(_ words: [String], _ definition: inout DomainDefinition) throws(Diagnostics) {
        let description = definition.description
        let drives = description.disks.filter {
            $0.device == .cdrom && !($0.source?.path?.hasSuffix("_seed.iso") ?? false)
        }
        let first: [String: String?] = [
            "disk": description.disks.first { $0.device == .disk }?.target, "cdrom": drives.first?.target,
            "network": description.interfaces.first?.mac,
        ]
        for word in words where first[word] == .some(nil) {
            throw Diagnostics(
                .error(
                    "\"\(held.name)\" has nothing to boot from that is \"\(word)\"", host: held.found.host.name))
        }
        definition.setBootOrder(words.compactMap { word in first[word].flatMap { $0 } })
    }

    private func setCPU(_ choice: CPUChoice, _ definition: inout DomainDefinition) async throws {
        let accelerator = DomainSpec.Accelerator(rawValue: definition.description.type) ?? .emulation
        let (cpu, _) = try await FleetProcessor(context: context, driver: driver).choose(
            choice, accelerator: accelerator, machine: definition.description.machine, on: held.found.host,
            of: context.inventory.hosts, over: held.connection)
        var spec = sample
        spec.accelerator = accelerator
        spec.cpu = cpu
        if let element = try DomainXML.document(spec).first("cpu") { definition.setCPU(element) }
    }

    private func setGraphics(_ graphics: Graphics, _ definition: inout DomainDefinition) throws(HypervisorError) {
        var spec = sample
        switch graphics {
        case .none: break
        case .vnc: spec.display = .init(.vnc)
        case .spice: spec.display = .init(.spice)
        }
        let devices = try DomainXML.document(spec).first("devices")?.children ?? []
        definition.replaceDevices(with: devices.filter(Self.isDisplay), where: Self.isDisplay)
    }

    /// A VM of which only one part is wanted, as a new one would have it.
    private var sample: DomainSpec {
        DomainSpec(name: held.name, memoryMiB: 64, cpus: 1, accelerator: .emulation)
    }

    /// A display and what is there for it alone.
    private static func isDisplay(_ device: XMLElement) -> Bool {
        switch device.localName {
        case "graphics", "video": true
        case "channel": device[attribute: "type"] == "spicevmc"
        case "input": device[attribute: "type"] == "tablet"
        default: false
        }
    }

    private static func display(_ definition: DomainDefinition) -> String {
        definition.document.first("devices", "graphics")?[attribute: "type"] ?? "none"
    }

    private static func cpuName(_ definition: DomainDefinition) -> String {
        let cpu = definition.description.cpu
        return cpu?.first("model")?.text ?? cpu?[attribute: "mode"] ?? "the machine's own"
    }
}
