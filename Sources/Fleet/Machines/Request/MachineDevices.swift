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

    /// The NICs on a host, the NIC profile of its vars underneath: unless some were given without a name and no profile
    /// was asked for, which says all there is to say. Each gets a MAC address.
    /// - Throws: `Diagnostics` for an unknown profile, and for a NIC that leads nowhere.
    package func nics(on host: Host) throws(Diagnostics) -> [NICRequest] {
        let isComplete = nicProfile == nil && nics.contains { $0.name.isEmpty && $0.source != nil }
        let profile = isComplete ? [] : try MachineProfiles(host.vars).nics(nicProfile ?? "default")
        return try NICRequest.merged(profile, nics).enumerated().map { position, nic throws(Diagnostics) in
            var nic = nic
            if nic.name.isEmpty { nic.name = "eth\(position)" }
            guard nic.source != nil else {
                throw Diagnostics(
                    .error("the NIC \"\(nic.name)\" of \"\(name)\" names neither a bridge nor a network"))
            }
            nic.mac = nic.mac ?? .random()
            return nic
        }
    }

    /// The interfaces on a host, as libvirt will be told of them.
    package func interfaces(on host: Host) throws(Diagnostics) -> [InterfaceSpec] {
        Self.interfaces(try nics(on: host))
    }

    /// NICs that a host's profile was laid under, as libvirt will be told of them.
    package static func interfaces(_ nics: [NICRequest]) -> [InterfaceSpec] {
        nics.compactMap { nic in
            let source: InterfaceSpec.Source
            switch nic.source {
            case .bridge(let name): source = .bridge(name)
            case .network(let name): source = .network(name)
            case .user: source = .user
            case .direct, nil: return nil
            }
            return InterfaceSpec(source: source, mac: nic.mac ?? .random(), model: nic.model ?? "virtio")
        }
    }

    /// The system disk's size on a host, in bytes: as asked for, else the profile's, never below the image.
    package func diskBytes(on host: Host, image: StoredImage) throws(Diagnostics) -> Int {
        let own = disks.first { $0.name.isEmpty || $0.name == "system" }?.size
        if let own, own.bytes < image.header.virtualSize {
            let size = ByteSize(bytes: image.header.virtualSize)
            throw Diagnostics(.error("the disk (\(own)) is smaller than the image \"\(image.name)\" (\(size))"))
        }
        return max(try disks(on: host).first?.size?.bytes ?? 0, image.header.virtualSize)
    }
}
