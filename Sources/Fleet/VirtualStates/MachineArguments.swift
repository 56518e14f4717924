internal import Hypervisor
internal import Inventory
internal import States
internal import Values

/// The arguments of `virt.running` and `virt.defined`, Salt's names and Drover's, as a description of a VM.
struct MachineArguments: Sendable {
    let spec: MachineSpec
    /// The arguments that were given; for a VM profile, what it says too.
    let said: Set<String>
    /// Whether they say what a VM is, so that it can be made.
    let isDescription: Bool

    /// Salt's name of an argument, and that of an entry of vms.yaml.
    private static let names: [(String, String)] = [
        ("cpu", "cpus"), ("mem", "memory"), ("image", "image"), ("profile", "profile"),
        ("disk_profile", "disk_profile"), ("disks", "disks"), ("nic_profile", "nic_profile"), ("interfaces", "nics"),
        ("autostart", "autostart"), ("machine", "machine"), ("cpu_model", "cpu"), ("tpm", "tpm"),
        ("secure_boot", "secure_boot"), ("iso", "iso"), ("ssh_keys", "ssh_keys"), ("user_data", "user_data"),
        ("network_config", "network_config"), ("roles", "roles"), ("vars", "vars"), ("xml_patch", "xml_patch"),
        ("root_tree", "root_tree"), ("host_devices", "host_devices"),
    ]
    /// Without any of these no VM is made.
    private static let telling = ["cpu", "mem", "image", "profile", "disks", "disk_profile", "iso", "root_tree"]
    /// What a VM gets when it is made; one that is there is not compared with it.
    private static let first = [
        "machine", "cpu_model", "tpm", "secure_boot", "iso", "xml_patch", "host_devices", "boot", "boot_dev",
        "graphics",
    ]
    /// - Throws: every mistake, with its place. Nil when the arguments say nothing of a VM: one that is there is only
    ///   started.
    init?(_ call: VirtualCall) throws(Diagnostics) {
        try Self.refuse(call)
        let known = Self.names.map(\.0) + DetailArguments.names + ["boot_dev", "seed"]
        guard known.contains(where: { call.argument($0) != nil }) else { return nil }
        isDescription = Self.telling.contains { call.argument($0) != nil }
        var entry = Mapping()
        for (name, key) in Self.names { if let value = call.argument(name) { entry[key] = value } }
        for key in ["cpu", "mem"] {
            if let value = call.argument(key), value.map != nil { try Self.amount(key, value, &entry) }
        }
        try Self.addBoot(call, &entry)
        var details = try DetailArguments.read(call)
        entry["graphics"] = call.argument("graphics").map { $0.mergedMapping?["type"] ?? "vnc" }
        switch call.argument("seed") {
        case let seed? where seed.bool == true: break
        case let seed? where seed.bool == false: entry["seed"] = "none"
        case let seed?: entry["seed"] = seed
        case nil: break
        }
        let given = call.chunk.arguments.keys.compactMap(\.scalarText).filter { call.argument($0) != nil }
        said = Set(given).union(try Self.saidByProfile(call))
        var spec = try MachineSpec(
            name: call.name, entry, vars: call.host.vars, folder: call.context.directory.root)
        details.hostDevices = spec.details.hostDevices
        spec.details = details
        self.spec = spec
    }

    /// What was said and is not held against a VM that is there, as the end of a comment.
    var uncompared: String {
        let words = (Self.first + DetailArguments.names).filter(said.contains)
        let maxima =
            (spec.maxCPUs != nil && said.contains("cpu") ? ["the most of cpu"] : [])
            + (spec.maxMemory != nil && said.contains("mem") ? ["the most of mem"] : [])
        let all = (words + maxima).reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
        return all.isEmpty ? "" : "\nOf a new VM only, and not compared: \(all.joined(separator: ", "))"
    }

    /// The arguments that a VM profile, where one is asked for, stands for.
    private static func saidByProfile(_ call: VirtualCall) throws(Diagnostics) -> [String] {
        guard let profile = call.text("profile") else { return [] }
        let profiles = MachineProfiles(call.host.vars)
        let arguments = [
            "cpus": "cpu", "cpu_count": "cpu", "memory": "mem", "autostart": "autostart", "disk": "disks",
            "disks": "disks", "disk_profile": "disk_profile", "nic": "interfaces", "nics": "interfaces",
            "nic_profile": "nic_profile",
        ]
        var said: [String] = []
        for name in ["default", profile] {
            let keys = try profiles.machine(name)?.keys.compactMap(\.scalarText) ?? []
            said += keys.compactMap { arguments[$0] }
        }
        return said
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
        // What a guest boots with is the most that it has, if it is to have less from then on.
        let most = key == "cpu" ? map["maximum"] : map["max"] ?? (map["current"] == nil ? nil : map["boot"])
        let now = map["current"] ?? map["boot"]
        if let boot = map["boot"], let now, let most, boot != now, boot != most {
            throw Diagnostics(
                .error(
                    "a guest boots with what it has at first or with its most, not with a third amount of memory",
                    hint: "leave out \"boot\", or say what \"current\" or \"max\" does", mark: boot.mark ?? value.mark))
        }
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
