internal import Hypervisor
internal import Inventory
internal import Values

/// A VM as it is on its host, as far as a plan compares it with what is wished.
package struct PresentMachine: Sendable, Hashable {
    package enum Activity: String, Sendable, Hashable { case running, paused, stopped }

    package struct Disk: Sendable, Hashable {
        /// `system` of `web1_system.qcow2`; nil for a disk whose name Drover did not give.
        package var name: String?
        package var path: String
        /// What the guest sees, in bytes; nil when its pool does not say.
        package var capacity: Int?

        /// Where the definition names a pool and a volume instead of a path; then ``path`` is `POOL/VOLUME`.
        package var pool: String?

        package init(name: String?, path: String, capacity: Int?, pool: String? = nil) {
            self.name = name
            self.path = path
            self.capacity = capacity
            self.pool = pool
        }

        /// Whether it is what an entry calls its `source`: a path, or a volume.
        func isSource(_ source: String) -> Bool {
            source.hasPrefix("/") ? path == source : DiskPath.lastComponent(path) == source
        }
    }

    package struct NIC: Sendable, Hashable {
        /// `bridge br0`, `network lan`, `direct eth1`, `user`.
        package var source: String
        package var mac: String
        package var model: String?
        package var vlan: Int?
        package var mtu: Int?
        /// On several VLANs at once, which no entry can ask for.
        package var isTrunk = false

        package init(source: String, mac: String, model: String? = nil, vlan: Int? = nil, mtu: Int? = nil) {
            self.source = source
            self.mac = mac
            self.model = model
            self.vlan = vlan
            self.mtu = mtu
        }

        /// Whether an entry can ask for one like it.
        var canBeSaid: Bool {
            guard !isTrunk, let kind = source.split(separator: " ").first else { return false }
            return ["bridge", "network", "direct", "user"].contains(kind)
        }
    }

    package var name: String
    package var uuid: String
    package var host: String
    package var activity: Activity
    /// As defined: what it has from the next start on.
    package var cpus: Int
    package var memoryMiB: Int
    /// What it could have without a new start; 0 when it is off.
    package var mostCPUs: Int
    package var mostMemoryMiB: Int
    package var autostart: Bool
    /// Whether Drover made it or took it in.
    package var isOwned: Bool
    package var disks: [Disk]
    package var nics: [NIC]
    /// Nil where nobody looked.
    package var hardware: PresentHardware?

    package init(name: String, uuid: String = "", host: String, activity: Activity, cpus: Int, memoryMiB: Int) {
        self.name = name
        self.uuid = uuid
        self.host = host
        self.activity = activity
        self.cpus = cpus
        self.memoryMiB = memoryMiB
        mostCPUs = 0
        mostMemoryMiB = 0
        autostart = false
        isOwned = true
        disks = []
        nics = []
    }
}

extension PresentMachine {
    /// Takes a definition apart.
    /// - Parameters:
    ///   - defined: what it starts with the next time.
    ///   - live: what it has now, if it runs.
    ///   - capacities: of volumes, by path.
    init(
        _ machine: DomainSummary, on host: Host, defined: DomainDescription, live: DomainDescription?,
        capacities: [String: Int]
    ) {
        self.init(machine, on: host)
        cpus = Self.cpus(defined)
        memoryMiB = Self.memory(defined)
        if let live {
            mostCPUs = live.document.first("vcpu").flatMap { Int($0.text) } ?? 0
            mostMemoryMiB = live.memoryMiB
        }
        disks = defined.disks.filter { $0.device == .disk }.compactMap { disk in
            guard let source = disk.source, let volume = disk.volumeName else { return nil }
            // One that was there before the VM is somebody's, though its name may look like the VM's own.
            let isForeign = defined.metadata?.labels[MachineDisk.foreignLabel(disk.target)] != nil
            let name = isForeign ? nil : MachineDisk.ownPart(volume, of: machine.name)
            if case .volume(let pool, let volume) = source {
                let path = "\(pool)/\(volume)"
                return Disk(name: name, path: path, capacity: capacities[path], pool: pool)
            }
            let path = source.path ?? source.text
            return Disk(name: name, path: path, capacity: capacities[path])
        }
        nics = defined.interfaces.map { interface in
            let source = ([interface.type] + [interface.source].compactMap { $0 }).joined(separator: " ")
            var nic = NIC(
                source: source, mac: interface.mac, model: interface.model, vlan: interface.vlans.first,
                mtu: interface.mtu)
            nic.isTrunk = interface.vlans.count > 1
            return nic
        }
        hardware = PresentHardware(defined, image: machine.metadata?.image)
    }

    /// What a list of VMs tells.
    init(_ machine: DomainSummary, on host: Host) {
        let activity: Activity =
            !machine.state.isActive ? .stopped : machine.state.activity == .paused ? .paused : .running
        self.init(
            name: machine.name, uuid: machine.uuid, host: host.name, activity: activity, cpus: machine.cpus,
            memoryMiB: machine.memoryMiB)
        autostart = machine.autostart
        isOwned = machine.metadata?.owner != nil
    }

    private static func cpus(_ description: DomainDescription) -> Int {
        let element = description.document.first("vcpu")
        return element?[attribute: "current"].flatMap { Int($0) } ?? element.flatMap { Int($0.text) } ?? 0
    }

    private static func memory(_ description: DomainDescription) -> Int {
        let current = description.document.first("currentMemory").flatMap { Int($0.text) }
        return current.map { $0 >> 10 } ?? description.memoryMiB
    }
}
