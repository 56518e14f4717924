internal import Hypervisor
package import Inventory
internal import Values

/// Asks hosts what is to be balanced: what each has promised and could promise, and which VMs could be where.
package struct BalanceGathering: Sendable {
    private let context: FleetContext
    private let driver: any HypervisorDriver

    package init(_ context: FleetContext, driver: any HypervisorDriver) {
        self.context = context
        self.driver = driver
    }

    /// - Parameter hosts: the hypervisors that are evened out among each other.
    /// - Throws: the ``HostProblem`` of one that did not answer; `Diagnostics` for vars that cannot be.
    package func fleet(_ hosts: [Host]) async throws -> BalanceFleet {
        let names = Set(hosts.map(\.name))
        let planning = RelocationPlanning(context: context, driver: driver)
        let survey = await planning.survey(residences: names)
        let answers = survey.answers.filter { names.contains($0.host.name) }
        var fleet = BalanceFleet(hosts: [], machines: [])
        var possibilities = Possibilities(answers: answers)
        let affine = try elsewhere(in: survey, but: names)
        for (index, answer) in answers.enumerated() {
            let stock = try answer.stock.get()
            let residents = Resident.all(of: answer, context.inventory)
            fleet.hosts.append(try host(answer, stock, residents))
            for resident in residents where resident.isReserving {
                fleet.machines.append(try machine(resident, on: index, &possibilities, affine))
            }
        }
        return fleet
    }

    /// The groups of VMs on hosts that are not evened out: who stays with those does not move.
    private func elsewhere(in survey: FleetSurvey, but names: Set<String>) throws -> Set<String> {
        var groups: Set<String> = []
        for answer in survey.answers where !names.contains(answer.host.name) {
            guard case .success(let stock) = answer.stock else { continue }
            for machine in stock.machines { groups.formUnion(machine.affinity) }
        }
        return groups
    }

    private func host(
        _ answer: StockGathering.Answer, _ stock: HostStock, _ residents: [Resident]
    ) throws(Diagnostics) -> BalanceFleet.Host {
        let ratios = try OvercommitRatios(vars: answer.host.vars)
        let score = PlacementScore(demand: MachineDemand(name: "", memoryMiB: 0), ratios: ratios)
        // Several pools of one file system have its size each.
        var systems: Set<[Int]> = []
        var (disk, promised) = (0, 0)
        for pool in answer.pools where pool.isActive && Resident.localTypes.contains(pool.type) {
            guard let room = stock.pools[pool.name] else { continue }
            promised += room.promised
            if systems.insert([room.capacity, room.available]).inserted {
                disk += Int(Double(room.capacity) * ratios.disk)
            }
        }
        let moving = residents.filter(\.isReserving).reduce(0) { $0 + $1.disks.values.reduce(0, +) }
        return BalanceFleet.Host(
            name: answer.host.name,
            capacity: .init(
                memoryMiB: max(1, score.memoryCapacity(stock)), cpus: score.cpuCapacity(stock), diskMiB: disk >> 20),
            base: .init(diskMiB: max(0, promised - moving) >> 20),
            takesVMs: stock.maintenance == nil && !stock.isMaintenanceUnknown)
    }

    private func machine(
        _ resident: Resident, on index: Int, _ possibilities: inout Possibilities, _ affine: Set<String>
    ) throws -> BalanceFleet.Machine {
        var possible = possibilities.hosts(for: resident)
        if let place = resident.place {
            let meant = Set(try context.hosts(place).map(\.name))
            possible = possible.filter { meant.contains(possibilities.answers[$0].host.name) }
        }
        return BalanceFleet.Machine(
            name: resident.machine.name, host: index,
            load: .init(
                memoryMiB: resident.machine.memoryMiB, cpus: resident.machine.cpus,
                diskMiB: resident.disks.values.reduce(0, +) >> 20),
            spread: resident.spread, affinity: resident.affinity, possible: possible,
            fixed: fixed(resident, affine))
    }

    /// Why a VM has to stay where it is.
    private func fixed(_ resident: Resident, _ affine: Set<String>) -> String? {
        if !resident.machine.state.isActive { return "it is off" }
        if resident.machine.state.activity == .paused { return "it is paused" }
        if let held = resident.present.hardware?.heldDevices.first { return "it holds a \(held)" }
        if let group = resident.affinity.intersection(affine).min() {
            return "others of its affinity group \"\(group)\" are on hosts that are not balanced"
        }
        let entry = context.inventory.machines.first { $0.name == resident.machine.name }
        return entry?.spec["host"]?.string.map { "its entry says that it is on \($0)" }
    }

    /// Which hosts can have a VM at all, whatever room they have. Asked once for all that need the same.
    private struct Possibilities {
        private struct Needs: Hashable {
            let demand: MachineDemand
            let isEmulated: Bool
        }

        let answers: [StockGathering.Answer]
        private var known: [Needs: Set<Int>] = [:]

        init(answers: [StockGathering.Answer]) { self.answers = answers }

        mutating func hosts(for resident: Resident) -> Set<Int> {
            var demand = MachineDemand(name: "", cpus: 0, memoryMiB: 0)
            for nic in resident.present.nics { demand.add(nic) }
            demand.disks = resident.disks.mapValues { _ in 0 }
            demand.architecture = resident.present.hardware?.architecture
            let needs = Needs(demand: demand, isEmulated: resident.present.hardware?.isEmulated ?? false)
            if let hosts = known[needs] { return hosts }
            let hosts = Set(answers.indices.filter { can(resident, on: answers[$0]) })
            known[needs] = hosts
            return hosts
        }

        private func can(_ resident: Resident, on answer: StockGathering.Answer) -> Bool {
            guard case .success(let stock) = answer.stock, case .success(let demand) = resident.demand(on: answer)
            else { return false }
            return PlacementScore(demand: demand, ratios: OvercommitRatios()).possibility(stock).isEmpty
        }
    }
}
