internal import Hypervisor
internal import Inventory
internal import Values

/// libvirt speaks of UUIDs and system calls; its words stay, behind what they mean for a VM that is being made.
enum CreationProblem {
    /// - Parameter log: what QEMU itself said, if it got so far.
    static func explained(
        _ error: HypervisorError, _ spec: MachineSpec, _ host: Host, log: String?
    ) -> HostProblem {
        var problem = HostProblem(error, host: host.name)
        let (summary, hint) = meaning(of: error.message, spec, host) ?? (nil, problem.diagnostic.hint)
        problem.diagnostic.summary = summary ?? "cannot create \"\(spec.name)\": \(error.operation) failed"
        problem.diagnostic.hint = hint
        problem.diagnostic.detail = error.message
        // libvirt often quotes it already.
        if let log, !log.split(separator: "\n").allSatisfy({ error.message.contains($0) }) {
            problem.diagnostic.detail = "\(error.message)\nQEMU says: \(log)"
        }
        return problem
    }

    private static func meaning(
        of message: String, _ spec: MachineSpec, _ host: Host
    ) -> (summary: String?, hint: String?)? {
        let bridge = message.firstMatch(
            of: /interface MTU on '([^']+)'|bridge (?:name )?'?([\w.-]+)'? (?:not found|does not exist)/)
        if let name = bridge?.1 ?? bridge?.2 {
            return (
                "\"\(spec.name)\" cannot be connected: there is no bridge or card \"\(name)\"",
                "apply the role bridge to \(host.name), or name another with --nic"
            )
        }
        if message.contains("cannot set up guest memory") || message.contains("Cannot allocate memory") {
            return (
                "\(host.name) has not the \(spec.memory) of memory that \"\(spec.name)\" asks for",
                "ask for less with --memory, or choose another host"
            )
        }
        if message.contains("Unable to find any firmware") || message.contains("firmware that is compatible") {
            let kind = spec.hasSecureBoot ? "secure boot" : "UEFI"
            return ("\(host.name) has no firmware for \(kind)", "`drover apply hypervisor` installs it")
        }
        if message.contains("swtpm") {
            return ("\(host.name) cannot emulate a TPM", "`drover apply hypervisor` installs swtpm")
        }
        if message.contains("spice graphics are not supported") || message.contains("spice graphics") {
            return ("the QEMU of \(host.name) has no SPICE", "use --graphics vnc")
        }
        if message.contains("vlan") && message.contains("not supported") || message.contains("setting vlan tag") {
            return (
                "a bridge of \(host.name) cannot take a VLAN tag for one NIC",
                "make a bridge on the VLAN, or use a network of Open vSwitch"
            )
        }
        return nil
    }
}
