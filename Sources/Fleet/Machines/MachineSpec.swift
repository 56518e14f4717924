package import Hypervisor
package import Inventory
package import Values

/// A VM as it was asked for.
package struct MachineSpec: Sendable {
    package var name: String
    package var image: String
    package var cpus = 1
    package var memory = ByteSize(mebibytes: 1024)
    /// The disk's size; nil for the disk profile's, or the image's own if that is larger.
    package var disk: ByteSize?
    /// Bridges to be connected to; empty for the NIC profile of the host's vars.
    package var bridges: [String] = []
    package var autostart = false
    package var sshKeys: [String] = []
    package var userData: String?
    package var networkConfig: String?

    package init(name: String, image: String) {
        self.name = name
        self.image = image
    }

    /// - Throws: a diagnostic for a name or size that cannot be.
    package func validate() throws(Diagnostics) {
        var problems: [Diagnostic] = []
        let allowed = name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "._-".contains($0)) }
        if !allowed || name.isEmpty || name.count > 63
            || !(name.first?.isLetter ?? false || name.first?.isNumber ?? false)
        {
            problems.append(
                .error(
                    "\"\(name)\" is no name for a VM",
                    hint: "use up to 63 letters, digits, dots, dashes and underscores, a letter or digit first"))
        }
        if !(1...1024).contains(cpus) { problems.append(.error("a VM has 1 to 1024 processors, not \(cpus)")) }
        if memory.mebibytes < 16 { problems.append(.error("a VM needs at least 16 MiB of memory, not \(memory)")) }
        if let found = Diagnostics(problems) { throw found }
    }

    /// The interfaces on a host: the bridges asked for, or its NIC profile `virt:nic:default` in Salt's notation.
    package func interfaces(on host: Host) throws(Diagnostics) -> [InterfaceSpec] {
        if !bridges.isEmpty { return bridges.map { InterfaceSpec(source: .bridge($0)) } }
        let profile = Value(host.vars).at(["virt", "nic", "default"])
        guard let profile else { return [InterfaceSpec(source: .bridge("br0"))] }
        return try Self.entries(profile).map { entry throws(Diagnostics) in
            let source: InterfaceSpec.Source
            if let bridge = entry["bridge"]?.string {
                source = .bridge(bridge)
            } else if let network = entry["network"]?.string {
                source = .network(network)
            } else {
                throw Diagnostics(
                    .error("a NIC of the profile \"default\" names neither a bridge nor a network", mark: entry.mark))
            }
            var interface = InterfaceSpec(source: source, model: entry["model"]?.string ?? "virtio")
            if let text = entry["mac"]?.string {
                guard let mac = MACAddress(text) else {
                    throw Diagnostics(.error("\"\(text)\" is no MAC address", mark: entry["mac"]?.mark))
                }
                interface.mac = mac
            }
            return interface
        }
    }

    /// The disk's size on a host, in bytes: as asked for, else the profile's (`virt:disk:default`), never below the image.
    package func diskBytes(on host: Host, image: StoredImage) throws(Diagnostics) -> Int {
        if let disk {
            guard disk.bytes >= image.header.virtualSize else {
                let size = ByteSize(bytes: image.header.virtualSize)
                throw Diagnostics(.error("the disk (\(disk)) is smaller than the image \"\(image.name)\" (\(size))"))
            }
            return disk.bytes
        }
        let profile = Value(host.vars).at(["virt", "disk", "default"]).map(Self.entries) ?? []
        let wanted = profile.first?["size"].flatMap { try? ByteSize($0) }
        return max(wanted?.bytes ?? 0, image.header.virtualSize)
    }

    /// Salt's two forms of a profile: a mapping of names, or a list of one-key mappings.
    private static func entries(_ profile: Value) -> [Value] {
        if let map = profile.map { return map.values }
        return (profile.list ?? []).compactMap { item in
            guard let map = item.map else { return nil }
            return map.count == 1 ? map.values.first : item
        }
    }
}
