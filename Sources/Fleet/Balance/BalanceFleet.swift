/// Hosts and the VMs that run on them, as balancing sees them. Pure data.
package struct BalanceFleet: Sendable {
    /// What a VM takes up of a host, or a host has to give.
    package struct Load: Sendable, Hashable {
        package var memoryMiB: Int
        package var cpus: Int
        package var diskMiB: Int

        package init(memoryMiB: Int = 0, cpus: Int = 0, diskMiB: Int = 0) {
            self.memoryMiB = memoryMiB
            self.cpus = cpus
            self.diskMiB = diskMiB
        }
    }

    /// What is evened out, in the order of ``BalanceShares/list``.
    package static let resources = ["memory", "cpus", "disk"]

    package struct Host: Sendable, Hashable {
        package var name: String
        /// What may be promised of it, its overcommit ratios counted in.
        package var capacity: Load
        /// What is promised there to what stays: VMs that are off, and what else is not balanced.
        package var base: Load
        /// Whether VMs may be moved to it; one in maintenance takes none, and is not evened out either.
        package var takesVMs: Bool

        package init(name: String, capacity: Load, base: Load = Load(), takesVMs: Bool = true) {
            self.name = name
            self.capacity = capacity
            self.base = base
            self.takesVMs = takesVMs
        }
    }

    package struct Machine: Sendable, Hashable {
        package var name: String
        /// Its host's place in ``hosts``.
        package var host: Int
        package var load: Load
        /// Groups whose VMs keep apart.
        package var spread: Set<String>
        /// Groups whose VMs stay together.
        package var affinity: Set<String>
        /// Places of the hosts that can have it; nil for all.
        package var possible: Set<Int>?
        /// Why it has to stay where it is; nil when it may move.
        package var fixed: String?

        package init(
            name: String, host: Int, load: Load, spread: Set<String> = [], affinity: Set<String> = [],
            possible: Set<Int>? = nil, fixed: String? = nil
        ) {
            self.name = name
            self.host = host
            self.load = load
            self.spread = spread
            self.affinity = affinity
            self.possible = possible
            self.fixed = fixed
        }
    }

    package var hosts: [Host]
    package var machines: [Machine]

    package init(hosts: [Host], machines: [Machine]) {
        self.hosts = hosts
        self.machines = machines
    }
}
