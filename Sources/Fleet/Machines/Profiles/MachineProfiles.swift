package import Values

/// The profiles that vars hold in Salt's notation: `virt:disk:NAME`, `virt:nic:NAME` (or the flat keys `virt.disk` and
/// `virt.nic`), and sizes of VMs under `virt:profile:NAME`.
package struct MachineProfiles: Sendable {
    private let vars: Mapping

    package init(_ vars: Mapping) { self.vars = vars }

    /// The disks of a profile; the standard `default` is one system disk.
    package func disks(_ name: String) throws(Diagnostics) -> [DiskRequest] {
        guard let found = try find(name, kind: "disk") else { return [DiskRequest(name: "system")] }
        return try DiskRequest.list(found)
    }

    /// The NICs of a profile; the standard `default` is one on the bridge `br0`.
    package func nics(_ name: String) throws(Diagnostics) -> [NICRequest] {
        guard let found = try find(name, kind: "nic") else { return [NICRequest(name: "eth0", source: .bridge("br0"))] }
        return try NICRequest.list(found)
    }

    /// The keys of a VM profile; nil only for `default` where there is none.
    package func machine(_ name: String) throws(Diagnostics) -> Mapping? {
        guard let found = try find(name, kind: "profile") else { return nil }
        guard let mapping = found.map else {
            throw Diagnostics(
                .error("the VM profile \"\(name)\" is a mapping, not \(found.kindName)", mark: found.mark))
        }
        return mapping
    }

    private func find(_ name: String, kind: String) throws(Diagnostics) -> Value? {
        let flat = vars["virt.\(kind)"]?.map ?? Mapping()
        let all = flat.merged(with: Value(vars).at(["virt", kind])?.map ?? Mapping())
        if let found = all[name], !found.isNull { return found }
        guard name == "default" else {
            let words = ["disk": "disk profile", "nic": "NIC profile"][kind] ?? "VM profile"
            let known = all.keys.compactMap(\.scalarText)
            let hint =
                NearestName.hint(for: name, among: known)
                ?? (known.isEmpty
                    ? "profiles are vars: virt:\(kind):\(name)" : "known are \(known.joined(separator: ", "))")
            throw Diagnostics(.error("there is no \(words) \"\(name)\"", hint: hint))
        }
        return nil
    }
}
