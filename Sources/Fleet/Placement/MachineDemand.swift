internal import Inventory
internal import Values

/// What a VM needs of one host. (The same VM may need other bridges of another host, whose NIC profile differs.)
package struct MachineDemand: Sendable, Hashable {
    package var name: String
    package var cpus: Int
    package var memoryMiB: Int
    /// Nil for a container, which runs what its host does.
    package var architecture: String?
    /// A processor model by libvirt's name; nil for what any host of the architecture has.
    package var processor: String?
    /// Bytes by pool.
    package var disks: [String: Int]
    package var bridges: Set<String>
    package var networks: Set<String>
    /// Links that the VM is put on directly (macvtap).
    package var links: Set<String>
    /// The volume that its disk is laid over.
    package var image: String?
    /// Groups whose VMs keep apart.
    package var spread: Set<String>
    /// Groups whose VMs stay together.
    package var affinity: Set<String>

    package init(
        name: String, cpus: Int = 1, memoryMiB: Int, architecture: String? = "x86_64", processor: String? = nil,
        disks: [String: Int] = [:], bridges: Set<String> = [], networks: Set<String> = [], links: Set<String> = [],
        image: String? = nil, spread: Set<String> = [], affinity: Set<String> = []
    ) {
        self.name = name
        self.cpus = cpus
        self.memoryMiB = memoryMiB
        self.architecture = architecture
        self.processor = processor
        self.disks = disks
        self.bridges = bridges
        self.networks = networks
        self.links = links
        self.image = image
        self.spread = spread
        self.affinity = affinity
    }

    /// The VM as it counts on a host that it is given to.
    var machine: HostStock.Machine {
        HostStock.Machine(name: name, cpus: cpus, memoryMiB: memoryMiB, spread: spread, affinity: affinity)
    }
}

extension MachineDemand {
    /// What a VM as it was asked for needs of a host, whose profiles say the rest.
    /// - Throws: `Diagnostics` for a profile that the host has not.
    init(_ spec: MachineSpec, on host: Host, image: StoredImage?) throws(Diagnostics) {
        self.init(name: spec.name, cpus: spec.cpus, memoryMiB: spec.memory.mebibytes)
        if case .model(let name) = spec.cpu { processor = name }
        // A container has a root tree: its host's profile of disks is not for it.
        let wanted = spec.rootTree == nil ? try spec.disks(on: host) : []
        if spec.rootTree != nil { architecture = nil }
        for (position, disk) in wanted.enumerated() where disk.source == nil && disk.device == .disk {
            let least = position == 0 ? image?.header.virtualSize ?? 0 : 0
            disks[disk.pool ?? MachinePlacement.standardPool, default: 0] += max(disk.size?.bytes ?? 0, least)
        }
        for nic in try spec.nics(on: host) {
            switch nic.source {
            case .bridge(let name): bridges.insert(name)
            case .network(let name): networks.insert(name)
            case .direct(let name, _): links.insert(name)
            case .user, nil: continue
            }
        }
        self.image = image?.volumeName
        spread = Set(spec.spread)
        affinity = Set(spec.affinity)
    }
}
