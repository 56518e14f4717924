internal import Inventory
internal import States
internal import Values

/// The arguments of `virt.running` and `virt.defined`, Salt's names and Drover's, as a description of a VM.
struct MachineArguments: Sendable {
    let spec: MachineSpec
    /// The arguments that were given.
    let said: Set<String>

    /// Salt's name of an argument, and that of an entry of vms.yaml.
    private static let names: [(String, String)] = [
        ("cpu", "cpus"), ("mem", "memory"), ("image", "image"), ("profile", "profile"),
        ("disk_profile", "disk_profile"), ("disks", "disks"), ("nic_profile", "nic_profile"), ("interfaces", "nics"),
        ("autostart", "autostart"), ("machine", "machine"), ("cpu_model", "cpu"), ("tpm", "tpm"),
        ("secure_boot", "secure_boot"), ("iso", "iso"), ("ssh_keys", "ssh_keys"), ("user_data", "user_data"),
        ("network_config", "network_config"), ("roles", "roles"), ("vars", "vars"), ("xml_patch", "xml_patch"),
        ("root_tree", "root_tree"),
    ]
    /// What says what a VM is; without any of it, one that is there is only started.
    private static let telling = ["cpu", "mem", "image", "profile", "disks", "disk_profile", "iso", "root_tree"]
    /// - Throws: every mistake, with its place. Nil when the arguments describe no VM.
    init?(_ call: VirtualCall) throws(Diagnostics) {
        guard Self.telling.contains(where: { call.argument($0) != nil }) else { return nil }
        var entry = Mapping()
        for (name, key) in Self.names { if let value = call.argument(name) { entry[key] = value } }
        for key in ["cpu", "mem"] {
            if let value = call.argument(key), value.map != nil { try Self.amount(key, value, &entry) }
        }
        try Self.addBoot(call, &entry)
        if let graphics = call.argument("graphics") {
            entry["graphics"] = graphics["type"] ?? graphics.list?.compactMap { $0["type"] }.first ?? graphics
        }
        switch call.argument("seed") {
        case let seed? where seed.bool == true: break
        case let seed? where seed.bool == false: entry["seed"] = "none"
        case let seed?: entry["seed"] = seed
        case nil: break
        }
        try Self.refuse(call)
        said = Set(call.chunk.arguments.keys.compactMap(\.scalarText).filter { call.argument($0) != nil })
        let details = try DetailArguments.read(call)
        var spec = try MachineSpec(
            name: call.name, entry, vars: call.host.vars, folder: call.context.directory.root)
        spec.details = details
        self.spec = spec
    }

    /// Salt's mapping for processors (`maximum`, `current`) and memory (`boot`, `current`, `max`).
    private static func amount(_ key: String, _ value: Value, _ entry: inout Mapping) throws(Diagnostics) {
        let map = value.map ?? Mapping()
        let known = key == "cpu" ? ["maximum", "current"] : ["boot", "current", "max"]
        for item in map.keys where !known.contains(item.scalarText ?? "") {
            throw Diagnostics(
                .error(
                    "\"\(item.scalarText ?? item.kindName)\" of \"\(key)\" cannot be said here",
                    detail: "known are \(known.joined(separator: ", "))",
                    hint: "change the definition by an xml_patch", mark: item.mark ?? value.mark))
        }
        let (most, now) = key == "cpu" ? (map["maximum"], map["current"]) : (map["max"], map["boot"] ?? map["current"])
        entry[key == "cpu" ? "cpus" : "memory"] = now ?? most
        if let most, now != nil { entry[key == "cpu" ? "max_cpus" : "max_memory"] = most }
    }

    private static func addBoot(_ call: VirtualCall, _ entry: inout Mapping) throws(Diagnostics) {
        if let boot = call.argument("boot") {
            if let firmware = boot["efi"] { entry["uefi"] = firmware }
        }
        if let devices = call.argument("boot_dev") {
            let words =
                devices.list?.compactMap(\.scalarText)
                ?? devices.scalarText.map {
                    $0.split(separator: " ").map(String.init)
                }
            entry["boot"] = Value((words ?? []).map { Value($0 == "hd" ? "disk" : $0) }, at: devices.mark)
        }
    }

    private static func refuse(_ call: VirtualCall) throws(Diagnostics) {
        var problems: [Diagnostic] = []
        let isContainer = try call.host.hypervisorKind() == .lxc
        let fixed: [(String, [String])] = [
            ("os_type", isContainer ? ["exe"] : ["hvm"]), ("vm_type", isContainer ? ["lxc"] : ["kvm", "qemu"]),
        ]
        for (key, known) in fixed {
            guard let text = call.text(key), !known.contains(text) else { continue }
            problems.append(
                .error(
                    "\"\(text)\" is no \"\(key)\" that Drover makes on \(call.host.name)",
                    detail: "known are \(known.joined(separator: ", "))",
                    mark: call.argument(key)?.mark))
        }
        if let found = Diagnostics(problems) { throw found }
    }
}
