package import Values

/// The facts of a host: a script that asks, and what its answer means.
package enum FactScript {
    /// POSIX sh; needs nothing but coreutils or busybox; about a dozen forks.
    package static let text: String = ShellText.compact(PackageResources.facts_sh)

    /// Salt's grains of a host, and `hypervisor` for what Drover itself asks.
    ///
    /// `id` is the controller's to add. Names that people look up in formulas are Salt's: `os_family`, `osfinger`,
    /// `ip4_interfaces`, `mem_total` (MiB).
    /// - Throws: when the answer is not whole.
    package static func parse(_ output: [UInt8]) throws(Diagnostics) -> Mapping {
        let raw = RawFacts(output)
        guard raw.isWhole else {
            throw Diagnostics(
                .error(
                    "the host's facts are incomplete",
                    detail: "its answer has \(output.count) bytes and does not come to its end",
                    hint: "try \"host run -- sh -c 'uname -a'\": its shell or its disk may be broken"))
        }
        var facts = Mapping()
        addSystem(raw, to: &facts)
        OperatingSystem(raw).add(to: &facts)
        addHardware(raw, to: &facts)
        Virtualization(raw).add(to: &facts)
        addSecurity(raw, to: &facts)
        NetworkFacts(raw).add(to: &facts)
        HypervisorFacts(raw).add(to: &facts)
        return facts
    }

    private static func addSystem(_ raw: RawFacts, to facts: inout Mapping) {
        facts["kernel"] = Value(raw.line("/proc/sys/kernel/ostype") ?? "Linux")
        facts.set("kernelrelease", raw.line("/proc/sys/kernel/osrelease"))
        facts.set("kernelversion", raw.line("/proc/sys/kernel/version"))
        facts.set("cpuarch", raw.fact("arch"))
        facts.set("machine_id", raw.line("/etc/machine-id"))
        facts.set("boot_id", raw.line("/proc/sys/kernel/random/boot_id"))
        facts["init"] = Value(raw.fact("init") ?? raw.line("/proc/1/comm") ?? "unknown")
        let path = raw.fact("path") ?? ""
        facts["path"] = Value(path)
        facts["systempath"] = Value(path.split(separator: ":").map { Value(String($0)) })
        facts["shell"] = Value(raw.fact("shell") ?? "/bin/sh")
        facts["uid"] = Value(raw.fact("uid").flatMap { Int($0) } ?? 0)
        facts.set("epoch", raw.fact("epoch").flatMap { Int($0) })
        let language = raw.assignments(["/etc/default/locale", "/etc/locale.conf"])["LANG"] ?? "C"
        let parts = language.split(separator: ".", maxSplits: 1).map(String.init)
        facts["locale_info"] = Value(
            Mapping([
                ("defaultlanguage", Value(parts.first ?? "C")),
                ("defaultencoding", Value(parts.count > 1 ? parts[1] : "unknown")),
            ]))
    }

    private static func addHardware(_ raw: RawFacts, to facts: inout Mapping) {
        let processor = raw.pairs("/proc/cpuinfo")
        facts["num_cpus"] = Value(raw.fact("cpus").flatMap { Int($0) } ?? 1)
        facts["cpu_model"] = Value(processor["model name"] ?? processor["Model"] ?? "Unknown")
        let flags = processor["flags"] ?? processor["Features"] ?? ""
        facts["cpu_flags"] = Value(flags.split(separator: " ").map { Value(String($0)) })
        let memory = raw.pairs("/proc/meminfo")
        for (key, name) in [("mem_total", "MemTotal"), ("swap_total", "SwapTotal")] {
            let kilobytes = memory[name]?.split(separator: " ").first.flatMap { Int($0) } ?? 0
            facts[key] = Value(kilobytes / 1024)
        }
        let dmi = "/sys/class/dmi/id/"
        for (key, file) in [
            ("manufacturer", "sys_vendor"), ("productname", "product_name"), ("serialnumber", "product_serial"),
            ("biosversion", "bios_version"), ("boardname", "board_name"),
        ] {
            facts.set(key, raw.line(dmi + file))
        }
        facts.set("uuid", raw.line(dmi + "product_uuid")?.lowercased())
    }

    private static func addSecurity(_ raw: RawFacts, to facts: inout Mapping) {
        let enforce = raw.line("/sys/fs/selinux/enforce")
        facts["selinux"] = Value(
            Mapping([
                ("enabled", Value(enforce != nil)),
                ("enforced", enforce == "1" ? "Enforcing" : enforce == "0" ? "Permissive" : "Disabled"),
            ]))
        facts["apparmor"] = Value(
            Mapping([("enabled", Value(raw.line("/sys/module/apparmor/parameters/enabled") == "Y"))]))
    }
}

extension Mapping {
    /// Sets a fact if it is known.
    mutating func set(_ key: String, _ text: String?) { if let text, !text.isEmpty { self[key] = Value(text) } }
    mutating func set(_ key: String, _ number: Int?) { if let number { self[key] = Value(number) } }
}
