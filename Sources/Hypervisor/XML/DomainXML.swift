/// Writes a domain's definition.
public enum DomainXML {
    /// The definition as text.
    ///
    /// Throws `invalidRequest` for what libvirt would refuse in a way that is hard to understand, or take for something
    /// else; nothing is sent anywhere.
    public static func text(_ spec: DomainSpec) throws(HypervisorError) -> String {
        let operation = "write the definition of domain \"\(spec.name)\""
        try check(spec, operation)
        do {
            return try element(spec).written()
        } catch {
            throw .invalid(operation, error.message)
        }
    }

    private static func check(_ spec: DomainSpec, _ operation: String) throws(HypervisorError) {
        guard !spec.name.isEmpty, !spec.name.contains("/"), spec.name != ".", spec.name != ".." else {
            throw .invalid(operation, "\"\(spec.name)\" cannot be a domain's name")
        }
        guard spec.memoryMiB > 0, spec.cpus > 0 else {
            throw .invalid(
                operation, "a domain needs memory and processors, found \(spec.memoryMiB) MiB and \(spec.cpus)")
        }
        for disk in spec.disks {
            guard let path = disk.source.path else { continue }
            guard path.hasPrefix("/") else {
                throw .invalid(operation, "the path of a disk must be absolute, found \"\(path)\"")
            }
        }
        let addresses = spec.interfaces.map(\.mac)
        guard Set(addresses).count == addresses.count else {
            throw .invalid(operation, "two interfaces have the same address")
        }
    }

    private static func element(_ spec: DomainSpec) -> XMLElement {
        var children: [XMLElement?] = [
            XMLElement("name", text: spec.name),
            spec.uuid.map { XMLElement("uuid", text: $0) },
            spec.metadata.map { XMLElement("metadata", [:], [$0.element]) },
            XMLElement("memory", ["unit": "MiB"], text: "\(spec.memoryMiB)"),
            XMLElement("vcpu", ["placement": "static"], text: "\(spec.cpus)"),
            system(spec),
        ]
        if isPC(spec) {
            children.append(XMLElement("features", [:], [XMLElement("acpi"), XMLElement("apic")]))
        }
        children += [
            cpu(spec), clock(spec), XMLElement("on_poweroff", text: "destroy"),
            XMLElement("on_reboot", text: "restart"), XMLElement("on_crash", text: "destroy"), devices(spec),
        ]
        return XMLElement("domain", ["type": spec.accelerator.rawValue], children.compactMap { $0 })
    }

    private static func isPC(_ spec: DomainSpec) -> Bool { spec.architecture == "x86_64" }

    private static func system(_ spec: DomainSpec) -> XMLElement {
        let type = XMLElement("type", ["arch": spec.architecture, "machine": spec.machine], text: "hvm")
        return XMLElement(
            "os", ["firmware": spec.isUEFI ? "efi" : nil], [type, XMLElement("boot", ["dev": "hd"])])
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
            XMLElement("timer", ["name": "rtc", "tickpolicy": "catchup"]),
            XMLElement("timer", ["name": "pit", "tickpolicy": "delay"]),
            XMLElement("timer", ["name": "hpet", "present": "no"]),
        ]
        return XMLElement("clock", ["offset": "utc"], isPC(spec) ? timers : [])
    }

    private static func devices(_ spec: DomainSpec) -> XMLElement {
        var children = spec.emulator.map { [XMLElement("emulator", text: $0)] } ?? []
        if spec.disks.contains(where: { $0.bus == "scsi" }) {
            children.append(XMLElement("controller", ["type": "scsi", "model": "virtio-scsi"]))
        }
        children += disks(spec.disks)
        children += spec.interfaces.map(interface)
        if spec.hasSerialConsole {
            children.append(XMLElement("serial", ["type": "pty"], [XMLElement("target", ["port": "0"])]))
            children.append(
                XMLElement("console", ["type": "pty"], [XMLElement("target", ["type": "serial", "port": "0"])]))
        }
        if spec.hasGuestAgentChannel {
            children.append(
                XMLElement(
                    "channel", ["type": "unix"],
                    [XMLElement("target", ["type": "virtio", "name": "org.qemu.guest_agent.0"])]))
        }
        if let vnc = spec.vnc { children += display(vnc) }
        if spec.hasRandomGenerator {
            let backend = XMLElement("backend", ["model": "random"], text: "/dev/urandom")
            children.append(XMLElement("rng", ["model": "virtio"], [backend]))
        }
        children.append(balloon(spec))
        return XMLElement("devices", [:], children)
    }

    /// Left out, libvirt would add a balloon by itself.
    private static func balloon(_ spec: DomainSpec) -> XMLElement {
        guard spec.hasMemoryBalloon else { return XMLElement("memballoon", ["model": "none"]) }
        return XMLElement("memballoon", ["model": "virtio"], [XMLElement("stats", ["period": "5"])])
    }

    private static func display(_ vnc: DomainSpec.VNC) -> [XMLElement] {
        let listener = XMLElement("listen", ["type": "address", "address": vnc.listen])
        let graphics = XMLElement(
            "graphics",
            ["type": "vnc", "port": "\(vnc.port ?? -1)", "autoport": vnc.port == nil ? "yes" : "no"], [listener])
        return [graphics, XMLElement("video", [:], [XMLElement("model", ["type": "virtio"])])]
    }

    private static func interface(_ spec: InterfaceSpec) -> XMLElement {
        let (type, source): (String, XMLElement?) =
            switch spec.source {
            case .bridge(let name): ("bridge", XMLElement("source", ["bridge": name]))
            case .network(let name): ("network", XMLElement("source", ["network": name]))
            case .user: ("user", nil)
            }
        let mac = XMLElement("mac", ["address": spec.mac.description])
        let model = XMLElement("model", ["type": spec.model])
        return XMLElement("interface", ["type": type], [mac, source, model].compactMap { $0 })
    }

    private static func disks(_ disks: [DiskSpec]) -> [XMLElement] {
        var used: [String: Int] = [:]
        return disks.map { spec in
            let prefix = spec.bus == "virtio" ? "vd" : "sd"
            let number = used[prefix, default: 0]
            used[prefix] = number + 1
            return disk(spec, target: prefix + letters(number))
        }
    }

    /// One disk as the guest will know it under `target`.
    static func disk(_ spec: DiskSpec, target: String) -> XMLElement {
        let driver = XMLElement(
            "driver",
            ["name": "qemu", "type": spec.format, "cache": spec.cache, "discard": spec.discard ? "unmap" : nil])
        let children = [
            driver, spec.source.element, XMLElement("target", ["dev": target, "bus": spec.bus]),
            spec.serial.map { XMLElement("serial", text: $0) },
            spec.isReadOnly ? XMLElement("readonly") : nil, spec.isShareable ? XMLElement("shareable") : nil,
        ]
        return XMLElement(
            "disk", ["type": spec.source.type, "device": spec.device.rawValue], children.compactMap { $0 })
    }

    /// a ... z, aa, ab ...: how Linux counts disks.
    static func letters(_ number: Int) -> String {
        let letter = String(Unicode.Scalar(UInt8(ascii: "a") + UInt8(number % 26)))
        return (number < 26 ? "" : letters(number / 26 - 1)) + letter
    }
}
