/// Writes a domain's definition.
public enum DomainXML {
    /// The definition as text.
    ///
    /// Throws `invalidRequest` for what libvirt would refuse in a way that is hard to understand, or take for something
    /// else; nothing is sent anywhere.
    public static func text(_ spec: DomainSpec) throws(HypervisorError) -> String {
        let document = try document(spec)
        do throws(XMLProblem) {
            return try document.written()
        } catch {
            throw .invalid(operation(spec), error.message)
        }
    }

    /// The definition as a tree, for further changes; see ``text(_:)``.
    public static func document(_ spec: DomainSpec) throws(HypervisorError) -> XMLElement {
        try check(spec, operation(spec))
        return element(spec)
    }

    private static func operation(_ spec: DomainSpec) -> String { "write the definition of domain \"\(spec.name)\"" }

    private static func check(_ spec: DomainSpec, _ operation: String) throws(HypervisorError) {
        guard !spec.name.isEmpty, !spec.name.contains("/"), spec.name != ".", spec.name != ".." else {
            throw .invalid(operation, "\"\(spec.name)\" cannot be a domain's name")
        }
        guard spec.memoryMiB > 0, spec.cpus > 0 else {
            throw .invalid(
                operation, "a domain needs memory and processors, found \(spec.memoryMiB) MiB and \(spec.cpus)")
        }
        guard spec.maxMemoryMiB ?? spec.memoryMiB >= spec.memoryMiB, spec.maxCPUs ?? spec.cpus >= spec.cpus else {
            throw .invalid(operation, "a domain cannot begin with more memory or processors than its most")
        }
        for disk in spec.disks {
            guard disk.source != nil || disk.device != .disk else {
                throw .invalid(operation, "a disk has no source, as only a drive may have none")
            }
            guard disk.ioThread <= max(1, spec.ioThreads) else {
                throw .invalid(operation, "a disk is served by I/O thread \(disk.ioThread), and there is none")
            }
            guard let path = disk.source?.path else { continue }
            guard path.hasPrefix("/") else {
                throw .invalid(operation, "the path of a disk must be absolute, found \"\(path)\"")
            }
        }
        if let boot = spec.details.directBoot {
            for path in [boot.kernel, boot.initrd].compactMap({ $0 }) where !path.hasPrefix("/") {
                throw .invalid(operation, "the path of a kernel or initrd must be absolute, found \"\(path)\"")
            }
        }
        let addresses = spec.interfaces.map(\.mac)
        guard Set(addresses).count == addresses.count else {
            throw .invalid(operation, "two interfaces have the same address")
        }
        let turns = spec.disks.compactMap(\.bootOrder) + spec.interfaces.compactMap(\.bootOrder)
        guard Set(turns).count == turns.count else {
            throw .invalid(operation, "two devices have the same turn at booting")
        }
    }

    private static func element(_ spec: DomainSpec) -> XMLElement {
        let most = spec.maxCPUs ?? spec.cpus
        let memory = spec.maxMemoryMiB ?? spec.memoryMiB
        let children: [XMLElement?] = [
            XMLElement("name", text: spec.name),
            spec.uuid.map { XMLElement("uuid", text: $0) },
            spec.metadata.map { XMLElement("metadata", [:], [$0.element]) },
            XMLElement("memory", ["unit": "MiB"], text: "\(memory)"),
            memory > spec.memoryMiB
                ? XMLElement("currentMemory", ["unit": "MiB"], text: "\(spec.memoryMiB)") : nil,
            XMLElement(
                "vcpu", ["placement": "static", "current": most > spec.cpus ? "\(spec.cpus)" : nil], text: "\(most)"),
            spec.ioThreads > 0 ? XMLElement("iothreads", text: "\(spec.ioThreads)") : nil,
            spec.details.memoryPolicy.map(memoryPolicy), system(spec), features(spec), cpu(spec), clock(spec),
            XMLElement("on_poweroff", text: "destroy"),
            XMLElement("on_reboot", text: spec.details.stopsOnReboot ? "destroy" : "restart"),
            XMLElement("on_crash", text: "destroy"), devices(spec),
        ]
        return XMLElement("domain", ["type": spec.accelerator.rawValue], children.compactMap { $0 })
    }

    private static func isPC(_ spec: DomainSpec) -> Bool { spec.architecture == "x86_64" }

    private static func features(_ spec: DomainSpec) -> XMLElement? {
        let kvm = [kvmFeatures(spec.details.kvmFeatures)].compactMap { $0 }
        guard isPC(spec) else { return kvm.isEmpty ? nil : XMLElement("features", [:], kvm) }
        // Code that runs below the system keeps secure boot's keys.
        let guarded = spec.hasSecureBoot ? [XMLElement("smm", ["state": "on"])] : []
        return XMLElement("features", [:], [XMLElement("acpi"), XMLElement("apic")] + kvm + guarded)
    }

    private static func system(_ spec: DomainSpec) -> XMLElement {
        var children = [XMLElement("type", ["arch": spec.architecture, "machine": spec.machine], text: "hvm")]
        if spec.isUEFI || spec.hasSecureBoot {
            let enabled = spec.hasSecureBoot ? "yes" : "no"
            // Said aloud, because libvirt would else take the first firmware that the host lists.
            children.append(
                XMLElement(
                    "firmware", [:],
                    ["enrolled-keys", "secure-boot"].map { XMLElement("feature", ["enabled": enabled, "name": $0]) }))
            if spec.hasSecureBoot { children.append(XMLElement("loader", ["secure": "yes"])) }
        }
        if let boot = spec.details.directBoot { children += directBoot(boot) }
        let isOrdered = spec.disks.contains { $0.bootOrder != nil } || spec.interfaces.contains { $0.bootOrder != nil }
        if !isOrdered { children.append(XMLElement("boot", ["dev": "hd"])) }
        return XMLElement("os", ["firmware": spec.isUEFI || spec.hasSecureBoot ? "efi" : nil], children)
    }

    private static func cpu(_ spec: DomainSpec) -> XMLElement? {
        switch spec.cpu {
        case .standard:
            switch spec.accelerator {
            case .kvm: return XMLElement("cpu", ["mode": "host-model", "check": "partial"])
            case .emulation: return isPC(spec) ? custom("Nehalem") : nil
            }
        case .hostModel: return XMLElement("cpu", ["mode": "host-model", "check": "partial"])
        case .hostPassthrough: return XMLElement("cpu", ["mode": "host-passthrough", "check": "none"])
        case .model(let name): return custom(name)
        case .element(let element): return element
        }
    }

    private static func custom(_ name: String) -> XMLElement {
        XMLElement(
            "cpu", ["mode": "custom", "match": "exact", "check": "partial"],
            [XMLElement("model", ["fallback": "forbid"], text: name)])
    }

    private static func clock(_ spec: DomainSpec) -> XMLElement {
        let timers = [
            DomainDetails.Timer("rtc", ["tickpolicy": "catchup"]), DomainDetails.Timer("pit", ["tickpolicy": "delay"]),
            DomainDetails.Timer("hpet", ["present": "no"]),
        ]
        return clock(spec.details, standard: isPC(spec) ? timers : [])
    }

    private static func devices(_ spec: DomainSpec) -> XMLElement {
        var children = spec.emulator.map { [XMLElement("emulator", text: $0)] } ?? []
        children += controllers(spec)
        children += disks(spec.disks, ioThreads: spec.ioThreads)
        children += spec.interfaces.map(interface)
        children += ports(spec)
        if spec.hasGuestAgentChannel { children.append(channel("unix", "org.qemu.guest_agent.0")) }
        if spec.hasTPM {
            let backend = XMLElement("backend", ["type": "emulator", "version": "2.0"])
            children.append(XMLElement("tpm", ["model": "tpm-crb"], [backend]))
        }
        if let display = spec.display { children += self.display(display) }
        if spec.hasRandomGenerator {
            let backend = XMLElement("backend", ["model": "random"], text: "/dev/urandom")
            children.append(XMLElement("rng", ["model": "virtio"], [backend]))
        }
        children += spec.details.hostDevices.map(\.element)
        children.append(balloon(spec))
        return XMLElement("devices", [:], children)
    }

    private static func controllers(_ spec: DomainSpec) -> [XMLElement] {
        var controllers: [XMLElement] = []
        if spec.sparePorts > 0, spec.machine.contains("q35") {
            controllers.append(XMLElement("controller", ["type": "pci", "index": "0", "model": "pcie-root"]))
            controllers += (0..<spec.sparePorts + portsInUse(spec)).map { _ in
                XMLElement("controller", ["type": "pci", "model": "pcie-root-port"])
            }
        }
        if spec.disks.contains(where: { $0.bus == "scsi" }) {
            let driver = XMLElement("driver", ["iothread": "1"])
            controllers.append(
                XMLElement(
                    "controller", ["type": "scsi", "index": "0", "model": "virtio-scsi"],
                    spec.ioThreads > 0 ? [driver] : []))
        }
        return controllers
    }

    /// Devices that sit in a PCI Express port of their own, USB's controller among them.
    private static func portsInUse(_ spec: DomainSpec) -> Int {
        let disks = spec.disks.filter { $0.bus == "virtio" }.count
        let hasSCSI = spec.disks.contains { $0.bus == "scsi" }
        let others = [
            hasSCSI, spec.hasGuestAgentChannel || spec.display?.kind == .spice, spec.hasRandomGenerator,
            spec.hasMemoryBalloon, true,
        ]
        return disks + spec.interfaces.count + spec.details.hostDevices.filter(\.takesPort).count
            + others.filter { $0 }.count
    }

    /// Left out, libvirt would add a balloon by itself. What the guest has no use for goes back to the host unasked.
    private static func balloon(_ spec: DomainSpec) -> XMLElement {
        guard spec.hasMemoryBalloon else { return XMLElement("memballoon", ["model": "none"]) }
        return XMLElement(
            "memballoon", ["model": "virtio", "freePageReporting": "on"], [XMLElement("stats", ["period": "5"])])
    }
}
