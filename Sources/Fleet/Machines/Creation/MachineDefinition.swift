internal import Hypervisor
internal import Inventory
internal import Values

/// The definition of a VM that is to be made, for libvirt.
struct MachineDefinition: Sendable {
    /// A disk's bytes, once it is known where they are.
    struct Place: Sendable, Hashable {
        let source: DiskSource?
        let format: String
    }

    let spec: MachineSpec
    let layout: MachineLayout
    let uuid: String
    let accelerator: DomainSpec.Accelerator
    let cpu: DomainSpec.CPU
    var metadata: DomainMetadata
    /// Of each disk of the layout, in its order.
    var places: [Place] = []
    /// The path of the first-boot image.
    var seed: String?
    var iso: DiskSource?

    /// - Throws: `Diagnostics` for what contradicts itself, and for a patch that cannot be laid over it.
    func document() throws -> XMLElement {
        var domain = DomainSpec(
            name: spec.name, uuid: uuid, memoryMiB: spec.memory.mebibytes, cpus: spec.cpus, accelerator: accelerator,
            disks: try disks(), interfaces: try interfaces(), metadata: metadata)
        domain.maxMemoryMiB = spec.maxMemory?.mebibytes
        domain.maxCPUs = spec.maxCPUs ?? Self.roomForCPUs(spec.cpus)
        domain.machine = spec.machine ?? domain.machine
        domain.cpu = cpu
        domain.isUEFI = spec.isUEFI
        domain.hasSecureBoot = spec.hasSecureBoot
        domain.hasTPM = spec.hasTPM
        domain.ioThreads = layout.disks.compactMap(\.request.iothreadID).reduce(1, max)
        domain.sparePorts = 8
        domain.details = spec.details
        switch spec.graphics {
        case .none: break
        case .vnc: domain.display = .init(.vnc, port: spec.details.displayPort)
        case .spice: domain.display = .init(.spice, port: spec.details.displayPort)
        }
        markForeign(&domain)
        let document = try DomainXML.document(domain)
        guard let path = spec.xmlPatch else { return document }
        return try patched(document, by: path)
    }

    /// Processors that are not plugged in cost next to nothing.
    private static func roomForCPUs(_ cpus: Int) -> Int { max(cpus, min(4 * cpus, 32)) }

    private func disks() throws(Diagnostics) -> [DiskSpec] {
        let turns = try bootOrder()
        var disks: [DiskSpec] = []
        for (disk, place) in zip(layout.disks, places) {
            let request = disk.request
            let standard = ["disk": "virtio", "cdrom": driveBus, "floppy": "fdc"][request.device.rawValue]
            let bus = request.bus ?? standard ?? "virtio"
            var spec = DiskSpec(
                source: place.source, format: place.format, device: .init(request.device), bus: bus,
                cache: request.cache, discard: request.device == .disk && request.discard ?? true,
                isReadOnly: request.device == .cdrom || request.isReadOnly, serial: request.serial)
            spec.io = request.io
            spec.usesIOThread = request.iothread ?? true
            spec.ioThread = request.iothreadID ?? 1
            if request.iothreadID != nil, bus != "virtio" {
                throw Diagnostics(
                    .error("the disk \"\(request.name)\" is on the bus \(bus), and only virtio's have \"iothread_id\""))
            }
            disks.append(spec)
        }
        if let first = disks.firstIndex(where: { $0.device == .disk }) { disks[first].bootOrder = turns["disk"] }
        if let seed { disks.append(.seed(seed)) }
        if let iso {
            disks.append(
                DiskSpec(
                    source: iso, format: "raw", device: .cdrom, bus: driveBus, discard: false, isReadOnly: true))
        }
        // The drive of the first-boot image has nothing to boot from.
        let drive = disks.lastIndex { $0.device == .cdrom && (seed == nil || $0.source?.path != seed) }
        if let drive { disks[drive].bootOrder = turns["cdrom"] }
        return disks
    }

    /// Installers know the controller that every such machine has; older machines have none that is worth using.
    private var driveBus: String { (spec.machine ?? "q35").contains("q35") ? "sata" : "scsi" }

    private func interfaces() throws(Diagnostics) -> [InterfaceSpec] {
        var interfaces = MachineSpec.interfaces(layout.nics)
        if let turn = try bootOrder()["network"], !interfaces.isEmpty { interfaces[0].bootOrder = turn }
        return interfaces
    }

    /// The turn of each word of `boot`. An installer's ISO comes behind the disk, which is empty until it is installed.
    private func bootOrder() throws(Diagnostics) -> [String: Int] {
        let drives = iso != nil || layout.disks.contains { $0.request.device == .cdrom }
        let disks = layout.disks.contains { $0.request.device == .disk }
        let standard = (disks ? ["disk"] : []) + (drives ? ["cdrom"] : [])
        let isBare = spec.image == nil && !drives && !layout.disks.contains { $0.request.source != nil }
        let words = spec.boot.isEmpty ? standard + (isBare && !layout.nics.isEmpty ? ["network"] : []) : spec.boot
        var turns: [String: Int] = [:]
        for word in words.map({ $0 == "hd" ? "disk" : $0 }) {
            guard ["disk", "cdrom", "network"].contains(word), turns[word] == nil else {
                throw Diagnostics(
                    .error("cannot boot from \"\(word)\"", hint: "say disk, network, cdrom, each at most once"))
            }
            let isThere = word == "disk" ? disks : word == "cdrom" ? drives : !layout.nics.isEmpty
            guard isThere else {
                throw Diagnostics(.error("\"\(spec.name)\" is to boot from \"\(word)\" and has none"))
            }
            turns[word] = turns.count + 1
        }
        return turns
    }

    /// Notes which disks are somebody else's, though their names may look like the VM's own.
    private func markForeign(_ domain: inout DomainSpec) {
        let targets = DomainXML.targets(of: domain.disks)
        for (disk, target) in zip(layout.disks, targets) {
            if case .made = disk.medium { continue }
            domain.metadata?.labels[MachineDisk.foreignLabel(target)] = "yes"
        }
        guard iso != nil, let target = targets.last else { return }
        domain.metadata?.labels[MachineDisk.foreignLabel(target)] = "yes"
    }

    private func patched(_ document: XMLElement, by path: String) throws -> XMLElement {
        let text = try DiskFile.readText(DiskPath.expandingHome(path))
        do {
            let result = try XMLPatch(reading: text).applied(to: document)
            let description = DomainDescription(result)
            guard description.name == spec.name, description.uuid == uuid else {
                throw Diagnostics(.error("the patch \"\(path)\" changes the VM's name or UUID"))
            }
            return result
        } catch let error as XMLProblem {
            throw Diagnostics(
                .error(
                    "cannot patch the definition with \"\(path)\"", detail: error.message,
                    hint: "`drover vm create --print-xml` shows what it is laid over"))
        }
    }
}

extension MachineSpec {
    /// NICs that a host's profile was laid under, as libvirt will be told of them.
    static func interfaces(_ nics: [NICRequest]) -> [InterfaceSpec] {
        nics.compactMap { nic in
            let source: InterfaceSpec.Source
            switch nic.source {
            case .bridge(let name): source = .bridge(name)
            case .network(let name): source = .network(name)
            case .direct(let device, let mode): source = .direct(device, mode: mode)
            case .user: source = .user
            case nil: return nil
            }
            var interface = InterfaceSpec(source: source, mac: nic.mac ?? .random(), model: nic.model ?? "virtio")
            interface.vlan = nic.vlan
            interface.mtu = nic.mtu
            return interface
        }
    }
}

extension DiskSpec.Device {
    init(_ device: DiskRequest.Device) {
        switch device {
        case .disk: self = .disk
        case .cdrom: self = .cdrom
        case .floppy: self = .floppy
        }
    }
}
