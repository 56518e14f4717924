internal import Values

/// Judges one host for one VM. Pure: what is known of the host in, what speaks for and against it out.
struct PlacementScore {
    let demand: MachineDemand
    let ratios: OvercommitRatios

    func verdict(of host: String, _ stock: HostStock) -> HostVerdict {
        var verdict = HostVerdict(host: host)
        verdict.machines = stock.machines.count
        verdict.obstacles = possibility(stock) + room(stock) + company(stock)
        verdict.unknown = stock.unknown
        if let reason = stock.maintenance {
            verdict.obstacles.insert(
                .init(.maintenance, "it is in maintenance" + (reason.isEmpty ? "" : ": \(reason)")), at: 0)
        } else if stock.isMaintenanceUnknown {
            verdict.obstacles.insert(.init(.maintenance, "it did not say whether it is in maintenance"), at: 0)
        }
        if verdict.isFit { verdict.parts = parts(stock) }
        return verdict
    }

    /// What the host lacks altogether.
    func possibility(_ stock: HostStock) -> [HostVerdict.Obstacle] {
        var found: [HostVerdict.Obstacle] = []
        if let architecture = demand.architecture, stock.guests[architecture] == nil {
            found.append(.init(.architecture, "it cannot run guests of the architecture \(architecture)"))
        }
        if let wanted = demand.processor, let offered = stock.processors, !offered.contains(wanted) {
            found.append(.init(.processor, "it cannot give guests the processor \"\(wanted)\""))
        }
        if let bridges = stock.bridges {
            for name in demand.bridges.subtracting(bridges).sorted() {
                found.append(.init(.network, "it has no bridge \"\(name)\""))
            }
        }
        if let links = stock.links {
            for name in demand.links.subtracting(links).sorted() {
                found.append(.init(.network, "it has no network card \"\(name)\""))
            }
        }
        for name in demand.networks.sorted() where stock.networks[name] != true {
            let isThere = stock.networks[name] != nil
            found.append(.init(.network, isThere ? "its network \"\(name)\" is off" : "it has no network \"\(name)\""))
        }
        for (name, _) in demand.disks.sorted(by: { $0.key < $1.key }) {
            // The standard pool is made with the first VM.
            guard let pool = stock.pools[name] else {
                if name != MachinePlacement.standardPool { found.append(.init(.pool, "it has no pool \"\(name)\"")) }
                continue
            }
            if !pool.isActive, name != MachinePlacement.standardPool {
                found.append(.init(.pool, "its pool \"\(name)\" is off"))
            }
        }
        return found
    }

    /// What it has too little of.
    private func room(_ stock: HostStock) -> [HostVerdict.Obstacle] {
        var found: [HostVerdict.Obstacle] = []
        let freeMiB = freeMemory(stock)
        if demand.memoryMiB > freeMiB {
            let text = "it has \(Self.size(freeMiB)) of memory left of \(Self.size(stock.memoryMiB))"
            found.append(.init(.memory, "\(text), \(Self.size(demand.memoryMiB)) needed"))
        }
        let freeCPUs = cpuCapacity(stock) - stock.reservedCPUs
        if demand.cpus > freeCPUs {
            let text = "\(stock.reservedCPUs) of its \(cpuCapacity(stock)) guest processors are given away"
            found.append(.init(.cpus, "\(text), \(demand.cpus) needed"))
        }
        for (name, bytes) in demand.disks.sorted(by: { $0.key < $1.key }) {
            guard let pool = stock.pools[name], pool.isActive else { continue }
            let free = freeDisk(pool)
            if bytes > free {
                let text = "its pool \"\(name)\" has \(Self.size(free >> 20)) left of \(Self.size(pool.capacity >> 20))"
                found.append(.init(.disk, "\(text), \(Self.size(bytes >> 20)) needed"))
            }
        }
        return found
    }

    /// What VMs of the same groups are there.
    private func company(_ stock: HostStock) -> [HostVerdict.Obstacle] {
        var found: [HostVerdict.Obstacle] = []
        for group in demand.spread.sorted() {
            if let other = stock.machines.first(where: { $0.spread.contains(group) && $0.name != demand.name }) {
                found.append(.init(.spread, "\"\(other.name)\" of the spread group \"\(group)\" is there"))
            }
        }
        return found
    }

    /// Whole points, so that what flickers on a host does not change the order from one moment to the next.
    private func parts(_ stock: HostStock) -> [HostVerdict.Part] {
        let memory = Self.share(memoryCapacity(stock) - stock.reservedMiB - demand.memoryMiB, memoryCapacity(stock))
        let cpus = Self.share(cpuCapacity(stock) - stock.reservedCPUs - demand.cpus, cpuCapacity(stock))
        let idle = stock.load.map { 1 - min(1, $0 / Double(max(1, stock.cpus))) } ?? 0.5
        let disk =
            demand.disks.compactMap { name, bytes in
                stock.pools[name].map { Self.share(freeDisk($0) - bytes, Int(Double($0.capacity) * ratios.disk)) }
            }.min() ?? 1
        var parts = [
            HostVerdict.Part(name: "memory", points: Int(40 * memory)),
            HostVerdict.Part(name: "cpus", points: Int(20 * cpus)),
            // Coarse: a load average comes and goes.
            HostVerdict.Part(name: "load", points: Int(3 * idle) * 5),
            HostVerdict.Part(name: "disk", points: Int(15 * disk)),
        ]
        if let image = demand.image {
            // Little: images spread fast, and VMs of one image must not herd on the host that had it first.
            parts.append(HostVerdict.Part(name: "image", points: stock.volumes.contains(image) ? 2 : 0))
        }
        if let architecture = demand.architecture {
            // Emulation is ten times slower: it is for hosts that have nothing else.
            parts.append(HostVerdict.Part(name: "kvm", points: stock.guests[architecture] == true ? 100 : 0))
        }
        return parts
    }

    func memoryCapacity(_ stock: HostStock) -> Int {
        Int(Double(stock.memoryMiB) * ratios.memory) - ratios.reservedMiB
    }

    func cpuCapacity(_ stock: HostStock) -> Int { Int(Double(stock.cpus) * ratios.cpu) }

    /// Promises count, and so does what others than VMs have taken.
    private func freeMemory(_ stock: HostStock) -> Int {
        let unpromised = memoryCapacity(stock) - stock.reservedMiB
        let unused = stock.availableMiB.map { Int(Double($0) * max(1, ratios.memory)) } ?? unpromised
        return max(0, min(unpromised, unused))
    }

    private func freeDisk(_ pool: HostStock.Pool) -> Int {
        let unpromised = Int(Double(pool.capacity) * ratios.disk) - pool.promised
        let unused = Int(Double(pool.available) * max(1, ratios.disk))
        return max(0, min(unpromised, unused))
    }

    private static func share(_ part: Int, _ whole: Int) -> Double {
        whole > 0 ? min(1, max(0, Double(part) / Double(whole))) : 0
    }

    private static func size(_ mebibytes: Int) -> String {
        mebibytes < 10240 ? "\(mebibytes) MiB" : "\((mebibytes + 512) / 1024) GiB"
    }
}
