package import Hypervisor
package import Inventory
package import Values

extension MachineSpec {
    /// The disks on a host, the disk profile of its vars underneath; the first one is the system disk.
    /// - Throws: `Diagnostics` for an unknown profile.
    package func disks(on host: Host) throws(Diagnostics) -> [DiskRequest] {
        let profile = try MachineProfiles(host.vars).disks(diskProfile ?? "default")
        return DiskRequest.merged(profile, disks).enumerated().map { position, disk in
            var disk = disk
            if disk.name.isEmpty { disk.name = position == 0 ? "system" : position == 1 ? "data" : "data\(position)" }
            return disk
        }
    }

    /// The positions of those disks on a host that the VM's own entry speaks of, with a name or without.
    func listedDisks(on host: Host) throws(Diagnostics) -> Set<Int> {
        let profile = try MachineProfiles(host.vars).disks(diskProfile ?? "default")
        return Set(DiskRequest.places(of: disks, in: profile))
    }

    /// Whether anything is said of NICs, be it that there are none.
    var speaksOfNICs: Bool { hasNoNICs || !nics.isEmpty || nicProfile != nil }

    /// The NICs on a host, the NIC profile of its vars underneath: unless some were given without a name and no profile
    /// was asked for, which says all there is to say, and so does an empty list. Each gets a MAC address.
    /// - Throws: `Diagnostics` for an unknown profile, and for a NIC that leads nowhere.
    package func nics(on host: Host) throws(Diagnostics) -> [NICRequest] {
        try wishedNICs(on: host).map { nic in
            var nic = nic
            nic.mac = nic.mac ?? .random()
            return nic
        }
    }

    /// The same, with those MAC addresses only that were asked for.
    func wishedNICs(on host: Host) throws(Diagnostics) -> [NICRequest] {
        if hasNoNICs, nics.isEmpty, nicProfile == nil { return [] }
        let isComplete = nicProfile == nil && nics.contains { $0.name.isEmpty && $0.source != nil }
        let profile = isComplete ? [] : try MachineProfiles(host.vars).nics(nicProfile ?? "default")
        return try NICRequest.merged(profile, nics).enumerated().map { position, nic throws(Diagnostics) in
            var nic = nic
            if nic.name.isEmpty { nic.name = "eth\(position)" }
            guard nic.source != nil else {
                throw Diagnostics(
                    .error("the NIC \"\(nic.name)\" of \"\(name)\" names neither a bridge nor a network"))
            }
            return nic
        }
    }
}
