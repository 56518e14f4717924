internal import Values

/// What of a VM's hardware is not as its entry says. Keys that the entry does not have are left as they are. Pure.
struct HardwareComparison {
    let spec: MachineSpec
    let present: PresentHardware
    /// What is off has everything at once.
    let isOff: Bool

    func changes() -> [FieldChange] {
        var changes: [FieldChange] = []
        func add(_ field: FieldChange.Field, _ old: String, _ new: String, isImmediate: Bool? = nil) {
            changes.append(.init(field, old, new, isImmediate: isImmediate ?? isOff))
        }
        if says("graphics"), spec.graphics.rawValue != present.graphics {
            add(.graphics(spec.graphics), present.graphics, spec.graphics.rawValue)
        }
        let boot = spec.boot.map { $0 == "hd" ? "disk" : $0 }
        if says("boot"), !boot.isEmpty, boot != present.boot {
            add(.boot(boot), Self.list(present.boot), Self.list(boot))
        }
        if says("iso"), let iso = spec.iso, !hasISO(iso) {
            add(.iso(iso), present.iso ?? "none", iso, isImmediate: true)
        }
        if says("machine"), let machine = spec.machine, !isMachine(machine) {
            add(.machine(machine), present.machine, machine)
        }
        if says("cpu"), let word = otherCPU { add(.cpu(spec.cpu), present.cpu ?? "the machine's own", word) }
        return changes
    }

    func differences() -> [FieldDifference] {
        var found: [FieldDifference] = []
        func compare(_ key: String, _ old: String, _ new: String) {
            if says(key), old != new { found.append(.init(key, old, new)) }
        }
        compare("uefi", Self.word(present.isUEFI), Self.word(spec.isUEFI || spec.hasSecureBoot))
        compare("secure_boot", Self.word(present.hasSecureBoot), Self.word(spec.hasSecureBoot))
        compare("tpm", Self.word(present.hasTPM), Self.word(spec.hasTPM))
        if let most = spec.maxCPUs { compare("max_cpus", "\(present.maxCPUs)", "\(most)") }
        if let most = spec.maxMemory, most.mebibytes != present.maxMemoryMiB {
            compare("max_memory", "\(ByteSize(mebibytes: present.maxMemoryMiB))", "\(most)")
        }
        if let old = present.image, let new = spec.image { compare("image", old, new) }
        return found
    }

    private func says(_ key: String) -> Bool { spec.said.contains(key) }

    private func hasISO(_ word: String) -> Bool {
        guard let there = present.iso else { return word == "none" }
        return word.hasPrefix("/") ? there == word : DiskPath.lastComponent(there) == word
    }

    /// libvirt keeps the version that a short name meant when the VM was made.
    private func isMachine(_ word: String) -> Bool {
        switch word {
        case present.machine: true
        case "q35": present.machine.hasPrefix("pc-q35-")
        case "pc": present.machine.hasPrefix("pc-i440fx-")
        default: present.machine.hasPrefix(word + "-")
        }
    }

    /// What it is to have instead of its processor; nil when it has that, as far as can be told. An emulator's has no say.
    private var otherCPU: String? {
        switch spec.cpu {
        case .model(let name): present.cpu == name ? nil : name
        case .host: present.isEmulated || present.cpu == "host-passthrough" ? nil : "host"
        case .fleet: present.isEmulated || present.cpu != "host-passthrough" ? nil : "fleet"
        }
    }

    private static func list(_ words: [String]) -> String { words.isEmpty ? "none" : words.joined(separator: ",") }
    private static func word(_ truth: Bool) -> String { truth ? "on" : "off" }
}
