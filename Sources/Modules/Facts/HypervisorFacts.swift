internal import Values

/// What matters of a host that is to carry virtual machines.
struct HypervisorFacts {
    private let raw: RawFacts

    init(_ raw: RawFacts) { self.raw = raw }

    func add(to facts: inout Mapping) {
        let flags = Set((raw.pairs("/proc/cpuinfo")["flags"] ?? "").split(separator: " ").map(String.init))
        var map = Mapping()
        map["virtualisation"] = Value(["vmx", "svm"].filter { flags.contains($0) }.map { Value($0) })
        map["kvm"] = Value(raw.fact("kvm") == "1")
        var bridges = Mapping()
        for name in raw.all("bridge") { bridges[name] = Value(raw.all("ports.\(name)").map { Value($0) }) }
        map["bridges"] = Value(bridges)
        map["wireless"] = Value(raw.all("wireless").map { Value($0) })
        map["network_tools"] = Value(raw.all("network_tool").map { Value($0) })
        map.set("free_disk", raw.fact("free_disk").flatMap { Int($0) }.map { $0 / 1024 })
        map.set("disk_of", raw.fact("disk_of"))
        map.set("libvirt_version", version(["libvirt-daemon", "libvirt0", "libvirt-libs"]))
        map.set(
            "qemu_version",
            version(["qemu-system-x86", "qemu-kvm-core", "qemu-kvm", "qemu-system-x86-core", "qemu-system-arm"]))
        map["libvirt_mode"] = Value(mode)
        map["tls_socket"] = Value(isActive("libvirtd-tls.socket") || isActive("virtproxyd-tls.socket"))
        map["libvirt_running"] = Value(isActive("libvirtd.service") || isActive("virtqemud.service"))
        facts["hypervisor"] = Value(map)
    }

    private func isActive(_ unit: String) -> Bool { raw.fact("unit.\(unit)") == "active" }

    /// One daemon for all, or one for each driver; where both are installed, the one that is used.
    private var mode: String {
        let installed = raw.all("daemon")
        if isActive("libvirtd.service") || isActive("libvirtd.socket") { return "monolithic" }
        if isActive("virtqemud.service") || isActive("virtqemud.socket") { return "modular" }
        if installed.contains("libvirtd") { return "monolithic" }
        return installed.contains("virtqemud") ? "modular" : "none"
    }

    /// The upstream part of the first package's version that is installed: 7.2 of 1:7.2+dfsg-7.
    private func version(_ names: [String]) -> String? {
        guard let text = names.lazy.compactMap({ raw.packages[$0] }).first else { return nil }
        let upstream = text.split(separator: ":").last ?? ""
        return String(upstream.prefix { $0.isNumber || $0 == "." })
    }
}
