internal import Hypervisor
package import Inventory
package import Values

extension MachineSpec {
    /// Reads one VM of `vms.yaml`, the VM profile that it names underneath.
    /// - Parameters:
    ///   - vars: where VM profiles are found (`virt:profile:NAME`).
    ///   - folder: what paths in the entry are relative to.
    /// - Throws: everything that is wrong with it, with its place.
    package init(entry: Inventory.MachineEntry, vars: Mapping, folder: String = ".") throws(Diagnostics) {
        try self.init(name: entry.name, entry.spec, vars: vars, folder: folder)
    }

    /// Reads a VM from the keys of an entry; options of commands come in the same form.
    package init(name: String, _ entry: Mapping, vars: Mapping, folder: String = ".") throws(Diagnostics) {
        let profiles = MachineProfiles(vars)
        let chosen = entry["profile"]?.scalarText
        self.init(name: name)
        if let standard = try profiles.machine("default") { try apply(standard, folder: folder) }
        if let chosen, let own = try profiles.machine(chosen) { try apply(own, folder: folder) }
        try apply(entry, folder: folder)
        profile = chosen
    }

    /// Lays one layer over what is known; lists of the layer replace, disks and NICs are merged by name.
    private mutating func apply(_ layer: Mapping, folder: String) throws(Diagnostics) {
        var reader = KeyReader(layer, of: "the VM \"\(name)\"")
        _ = reader.value("profile")
        said.formUnion(layer.keys.compactMap(\.scalarText))
        image = reader.text("image") ?? image
        cpus = reader.whole("cpus", "cpu_count", from: 1, to: 1024) ?? cpus
        maxCPUs = reader.whole("max_cpus", from: 1, to: 1024) ?? maxCPUs
        memory = reader.size("memory") ?? memory
        maxMemory = reader.size("max_memory") ?? maxMemory
        applyDevices(&reader)
        applyPlace(&reader)
        applyHardware(&reader)
        applyFirstBoot(&reader, folder: folder)
        try reader.finish()
    }

    private mutating func applyDevices(_ reader: inout KeyReader) {
        diskProfile = reader.text("disk_profile") ?? diskProfile
        nicProfile = reader.text("nic_profile") ?? nicProfile
        if let disk = reader.value("disk") {
            if let text = disk.scalarText, ByteSize(text) == nil {
                diskProfile = text
            } else {
                merge(reader.read("disk") { value throws(Diagnostics) in try DiskRequest.list(value) } ?? [])
            }
        }
        merge(reader.read("disks") { value throws(Diagnostics) in try DiskRequest.list(value) } ?? [])
        if let nic = reader.value("nic") {
            if let text = nic.scalarText {
                nicProfile = text
            } else {
                merge(reader.read("nic") { value throws(Diagnostics) in try NICRequest.list(value) } ?? [])
            }
        }
        if let all = reader.read("nics", by: { value throws(Diagnostics) in try NICRequest.list(value) }) {
            merge(all)
            hasNoNICs = all.isEmpty && nics.isEmpty
        }
    }

    private mutating func merge(_ others: [DiskRequest]) { disks = DiskRequest.merged(disks, others) }
    private mutating func merge(_ others: [NICRequest]) { nics = NICRequest.merged(nics, others) }

    private mutating func applyPlace(_ reader: inout KeyReader) {
        host = reader.text("host") ?? host
        place = reader.text("place") ?? place
        spread = reader.words("spread") ?? spread
        affinity = reader.words("affinity") ?? affinity
        autostart = reader.truth("autostart") ?? autostart
        startState = reader.choice("state") ?? startState
    }

    private mutating func applyHardware(_ reader: inout KeyReader) {
        isUEFI = reader.truth("uefi") ?? isUEFI
        hasSecureBoot = reader.truth("secure_boot") ?? hasSecureBoot
        hasTPM = reader.truth("tpm") ?? hasTPM
        machine = reader.text("machine") ?? machine
        cpu = reader.text("cpu").map(CPUChoice.init) ?? cpu
        boot = reader.words("boot") ?? boot
        graphics = reader.choice("graphics") ?? graphics
        iso = reader.text("iso") ?? iso
        fullCopy = reader.truth("full_copy") ?? fullCopy
        rootTree = reader.text("root_tree") ?? rootTree
        xmlPatch = reader.text("xml_patch") ?? xmlPatch
        details.hostDevices =
            reader.read("host_devices") { value throws(Diagnostics) in try HostDevice.list(value) }
            ?? details.hostDevices
    }

    private mutating func applyFirstBoot(_ reader: inout KeyReader, folder: String) {
        sshKeys = reader.read("ssh_keys") { value throws(Diagnostics) in try Self.keys(value, folder) } ?? sshKeys
        userData =
            reader.read("user_data") { value throws(Diagnostics) in
                try Self.document(value, folder, heading: "#cloud-config\n")
            } ?? userData
        networkConfig =
            reader.read("network_config") { value throws(Diagnostics) in try Self.document(value, folder) }
            ?? networkConfig
        seed = reader.choice("seed") ?? seed
        files = reader.read("files") { value throws(Diagnostics) in try Self.seedFiles(value, folder) } ?? files
        roles = reader.words("roles") ?? roles
        vars = reader.value("vars")?.map.map { vars.merged(with: $0) } ?? vars
    }

    /// Public keys, or files that hold them.
    private static func keys(_ value: Value, _ folder: String) throws(Diagnostics) -> [String] {
        var keys: [String] = []
        for item in value.list ?? [value] {
            guard let text = item.scalarText else {
                throw Diagnostics(.error("an SSH key is text, not \(item.kindName)", mark: item.mark))
            }
            let isKey = ["ssh-", "ecdsa-", "sk-"].contains { text.hasPrefix($0) }
            let lines = isKey ? text : try file(text, folder, item.mark)
            keys += lines.split(separator: "\n").map(String.init).filter { !$0.hasPrefix("#") }
        }
        return keys
    }

    /// A document itself (a mapping, or text of several lines), or the path of one.
    private static func document(
        _ value: Value, _ folder: String, heading: String = ""
    ) throws(Diagnostics) -> String {
        if value.map != nil { return heading + YAML.write(value) }
        guard let text = value.scalarText else {
            throw Diagnostics(.error("expected a path, text or a mapping, found \(value.kindName)", mark: value.mark))
        }
        return text.contains("\n") || text.hasPrefix("#") ? text : try file(text, folder, value.mark)
    }

    private static func seedFiles(_ value: Value, _ folder: String) throws(Diagnostics) -> [SeedFile] {
        var files: [SeedFile] = []
        for item in value.list ?? [value] {
            guard let mapping = item.map else {
                throw Diagnostics(.error("a file is a mapping, not \(item.kindName)", mark: item.mark))
            }
            var reader = KeyReader(mapping, of: "a file of the VM")
            let path = reader.text("path")
            let source = reader.read("source") { value throws(Diagnostics) in
                try file(value.scalarText ?? "", folder, value.mark)
            }
            let seed = SeedFile(
                path: path ?? "", contents: reader.text("contents", "content") ?? source ?? "",
                mode: reader.text("mode", "permissions") ?? "0644", owner: reader.text("owner") ?? "root:root")
            if path?.hasPrefix("/") != true {
                reader.add(.error("a file of the VM needs an absolute \"path\"", mark: item.mark))
            }
            try reader.finish()
            files.append(seed)
        }
        return files
    }

    private static func file(_ path: String, _ folder: String, _ mark: Mark?) throws(Diagnostics) -> String {
        let whole = DiskPath.expandingHome(path)
        do throws(FileError) {
            return try DiskFile.readText(whole.hasPrefix("/") ? whole : DiskPath.join(folder, whole))
        } catch {
            var problem = error.diagnostic
            problem.mark = mark
            throw Diagnostics(problem)
        }
    }
}
