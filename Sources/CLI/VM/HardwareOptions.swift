internal import ArgumentParser
internal import Fleet
internal import Values

/// What a VM is made of, as keys of an entry in vms.yaml.
struct HardwareOptions: ParsableArguments {
    @Option(help: "Image, by its name or the beginning of its SHA-256; or a file (with a / in it) or URL to take in")
    var image: String?
    @Option(help: "VM profile (virt:profile:NAME of the vars)") var profile: String?
    @Option(help: "Number of processors (1)") var cpus: Int?
    @Option(help: "How many it can be given while it runs (4 times --cpus, 32 at most)") var maxCpus: Int?
    @Option(help: "Memory, such as 2G; a bare number is MiB (1G)") var memory: String?
    @Option(help: "How much it can be given while it runs; its guest sees it all (--memory)") var maxMemory: String?
    @Option(help: "Size of the system disk, or KEY=VALUE,... of one (repeatable)") var disk: [String] = []
    @Option(help: "Disk profile (virt:disk:NAME)") var diskProfile: String?
    @Flag(help: "Copy the image instead of standing on it") var fullCopy = false
    @Option(help: "Bridge, or KEY=VALUE,... of a NIC (repeatable)") var nic: [String] = []
    @Option(help: "The same, for a bridge only (repeatable)") var bridge: [String] = []
    @Option(help: "NIC profile (virt:nic:NAME)") var nicProfile: String?
    @Option(help: "ISO in its drive: a path on the host, or a volume of pool default") var iso: String?
    @Option(help: "Order to boot in: disk, network, cdrom, with commas between") var boot: String?
    @Flag(help: "UEFI firmware rather than a BIOS") var uefi = false
    @Flag(help: "UEFI that starts signed systems only") var secureBoot = false
    @Flag(help: "A TPM 2.0, emulated") var tpm = false
    @Option(help: "libvirt's machine type (q35)") var machine: String?
    @Option(help: "Processor: fleet (all hosts can give it), host, or a model of libvirt's (fleet)") var cpu: String?
    @Option(help: "Display, on its host's loopback only: vnc, spice or none (none)") var graphics: String?
    @Option(help: "For a container (LXC): a tarball here, or a directory on the host") var rootTree: String?
    @Flag(help: "Start it with its host") var autostart = false
    @Option(name: .customLong("xml-patch"), help: "File with changes to its definition (see above)") var xmlPatch:
        String?

    /// What is written on the command line is meant from where one is.
    private static func located(_ image: String) -> String {
        guard image.contains("/"), !image.contains("://") else { return image }
        return DiskPath.absolute(DiskPath.expandingHome(image))
    }

    var entry: Mapping {
        var entry = Mapping()
        let texts = [
            ("image", image.map(Self.located)), ("profile", profile), ("memory", memory), ("max_memory", maxMemory),
            ("disk_profile", diskProfile), ("nic_profile", nicProfile), ("iso", iso), ("boot", boot),
            ("machine", machine), ("cpu", cpu), ("graphics", graphics), ("xml_patch", xmlPatch),
            ("root_tree", rootTree),
        ]
        for (key, text) in texts { if let text { entry[key] = Value(text) } }
        for (key, number) in [("cpus", cpus), ("max_cpus", maxCpus)] { if let number { entry[key] = Value(number) } }
        let flags = [
            ("full_copy", fullCopy), ("uefi", uefi), ("secure_boot", secureBoot), ("tpm", tpm),
            ("autostart", autostart),
        ]
        for (key, flag) in flags where flag { entry[key] = true }
        if !disk.isEmpty { entry["disks"] = Value(disk.map { Value($0) }) }
        let nics = bridge + nic
        if !nics.isEmpty { entry["nics"] = Value(nics.map { Value($0) }) }
        return entry
    }
}

/// Where a VM is to be.
struct LocationOptions: ParsableArguments {
    @Option(help: "Host to create it on; the best one if not given (see --explain)") var on: String?
    @Option(help: "Target expression for the hosts it may be on, such as 'var:ssd=true and not role:desktop'")
    var place: String?
    @Option(help: "Group whose VMs keep apart (repeatable)") var spread: [String] = []
    @Option(help: "Group whose VMs stay together (repeatable)") var affinity: [String] = []
    @Flag(help: "Make nothing: show each host's score, or what excludes it") var explain = false
    @Option(help: "Host that does not answer and is said not to have a VM of this name (repeatable)")
    var assumeAbsent: [String] = []

    var entry: Mapping {
        var entry = Mapping()
        for (key, text) in [("host", on), ("place", place)] { if let text { entry[key] = Value(text) } }
        for (key, words) in [("spread", spread), ("affinity", affinity)] where !words.isEmpty {
            entry[key] = Value(words.map { Value($0) })
        }
        return entry
    }
}

/// What a VM's guest is told when it first boots.
struct FirstBootOptions: ParsableArguments {
    @Option(help: "SSH public key, or a file with some (repeatable)") var sshKey: [String] = []
    @Option(help: "cloud-init user-data file") var userData: String?
    @Option(help: "cloud-init network-config file") var networkConfig: String?
    @Option(help: "How it gets there: cloud-init, guestfs, nbd or none (cloud-init)") var seed: String?

    var entry: Mapping {
        var entry = Mapping()
        if !sshKey.isEmpty { entry["ssh_keys"] = Value(sshKey.map { Value($0) }) }
        for (key, text) in [("user_data", userData), ("network_config", networkConfig), ("seed", seed)] {
            if let text { entry[key] = Value(text) }
        }
        return entry
    }
}
