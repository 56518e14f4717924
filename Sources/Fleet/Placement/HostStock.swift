/// What one host has for VMs, and what of it is promised already.
package struct HostStock: Sendable, Hashable {
    /// A VM that is there.
    package struct Machine: Sendable, Hashable {
        package var name: String
        package var cpus: Int
        package var memoryMiB: Int
        /// Whether it runs, or will when its host starts: its memory and processors are not to be given away.
        package var isReserving: Bool
        package var spread: Set<String>
        package var affinity: Set<String>

        package init(
            name: String, cpus: Int, memoryMiB: Int, isReserving: Bool = true, spread: Set<String> = [],
            affinity: Set<String> = []
        ) {
            self.name = name
            self.cpus = cpus
            self.memoryMiB = memoryMiB
            self.isReserving = isReserving
            self.spread = spread
            self.affinity = affinity
        }
    }

    /// A storage pool, in bytes.
    package struct Pool: Sendable, Hashable {
        package var isActive: Bool
        package var capacity: Int
        /// What its file system has free at this moment.
        package var available: Int
        /// What its volumes may grow to in all.
        package var promised: Int

        package init(isActive: Bool = true, capacity: Int, available: Int, promised: Int = 0) {
            self.isActive = isActive
            self.capacity = capacity
            self.available = available
            self.promised = promised
        }
    }

    /// Architectures of guests that it can run, by whether it does so with KVM.
    package var guests: [String: Bool]
    package var cpus: Int
    package var memoryMiB: Int
    /// Memory that nothing uses at this moment; nil when the host did not say.
    package var availableMiB: Int?
    /// How many processes wanted a processor in the last minute; nil when the host did not say.
    package var load: Double?
    package var machines: [Machine]
    package var pools: [String: Pool]
    /// Networks of libvirt's, by whether they are active.
    package var networks: [String: Bool]
    /// Links that the host's kernel has; nil when the host did not say.
    package var links: Set<String>?
    /// Those of them that are bridges.
    package var bridges: Set<String>?
    /// Volumes of the pools that were asked about.
    package var volumes: Set<String>
    /// Processor models that a guest can be given; nil when nobody asked.
    package var processors: Set<String>?
    /// Why the host is not to be given VMs; nil when it is in service.
    package var maintenance: String?
    /// The mark of one that is drained.
    package var drain: DrainMark?
    /// Whether it was asked for its mark and did not answer.
    package var isMaintenanceUnknown = false
    /// What could not be learnt about it.
    package var unknown: [String]

    package init(
        guests: [String: Bool] = ["x86_64": true], cpus: Int, memoryMiB: Int, availableMiB: Int? = nil,
        load: Double? = nil, machines: [Machine] = [], pools: [String: Pool] = [:], networks: [String: Bool] = [:],
        links: Set<String>? = nil, bridges: Set<String>? = nil, volumes: Set<String> = [],
        processors: Set<String>? = nil, maintenance: String? = nil, unknown: [String] = []
    ) {
        self.guests = guests
        self.cpus = cpus
        self.memoryMiB = memoryMiB
        self.availableMiB = availableMiB
        self.load = load
        self.machines = machines
        self.pools = pools
        self.networks = networks
        self.links = links
        self.bridges = bridges
        self.volumes = volumes
        self.processors = processors
        self.maintenance = maintenance
        self.unknown = unknown
    }

    var reservedMiB: Int { machines.filter(\.isReserving).reduce(0) { $0 + $1.memoryMiB } }
    var reservedCPUs: Int { machines.filter(\.isReserving).reduce(0) { $0 + $1.cpus } }
}
