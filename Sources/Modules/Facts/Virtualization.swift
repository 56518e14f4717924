internal import Values

/// Whether the host is a machine, a virtual machine or a container.
struct Virtualization {
    private let raw: RawFacts

    init(_ raw: RawFacts) { self.raw = raw }

    private static let machines = [
        "none": "physical", "kvm": "kvm", "qemu": "qemu", "vmware": "VMware", "oracle": "VirtualBox",
        "microsoft": "VirtualPC", "xen": "xen", "parallels": "Parallels", "bhyve": "bhyve", "amazon": "kvm",
        "zvm": "zvm", "uml": "uml", "bochs": "bochs", "google": "kvm",
    ]
    private static let containers = [
        "lxc": "LXC", "lxc-libvirt": "LXC", "docker": "Docker", "podman": "podman", "openvz": "openvzve",
        "systemd-nspawn": "systemd-nspawn", "rkt": "rkt", "wsl": "wsl", "proot": "proot",
    ]

    func add(to facts: inout Mapping) {
        if let container = raw.fact("container") ?? raw.fact("virt").flatMap({ Self.containers[$0] }) {
            facts["virtual"] = "container"
            facts["virtual_subtype"] = Value(Self.containers[container] ?? container)
            return
        }
        if let detected = raw.fact("virt") {
            facts["virtual"] = Value(Self.machines[detected] ?? detected)
            return
        }
        facts["virtual"] = Value(guess)
    }

    /// Without systemd-detect-virt: what the firmware says, and the processor's own flag.
    private var guess: String {
        let vendor = (raw.line("/sys/class/dmi/id/sys_vendor") ?? "").lowercased()
        let product = (raw.line("/sys/class/dmi/id/product_name") ?? "").lowercased()
        if product.contains("kvm") || vendor.contains("qemu") { return "kvm" }
        if vendor.contains("vmware") { return "VMware" }
        if product.contains("virtualbox") { return "VirtualBox" }
        if vendor.contains("microsoft"), product.contains("virtual") { return "VirtualPC" }
        if vendor.contains("xen") { return "xen" }
        let flags = raw.pairs("/proc/cpuinfo")["flags"] ?? ""
        return flags.split(separator: " ").contains("hypervisor") ? "kvm" : "physical"
    }
}
