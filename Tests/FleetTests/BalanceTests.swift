import TestSupport
import Testing
import Values

@testable import Fleet

/// Which migrations even a fleet out.
@Suite struct BalanceTests {
    @Test(arguments: FleetFixtures.cases("balances.yaml")) func balances(_ line: FixtureCase) throws {
        let plan = FleetBalancing.plan(try Self.fleet(line))
        #expect(plan.moves.map { "\($0.name) to \($0.to)" } == line["moves"]?.list?.compactMap(\.string))
        #expect(plan.isEven == (line["even"]?.bool ?? true))
    }

    /// From all on one host, in sizes that people give their VMs.
    @Test(arguments: [(8, 40, UInt64(1)), (8, 40, 2), (8, 40, 3), (4, 40, 4), (20, 300, 5)])
    func fewMigrationsEvenOutWhatIsAllOnOneHost(_ hosts: Int, _ machines: Int, _ seed: UInt64) throws {
        var chance = Chance(seed: seed)
        var fleet = BalanceFleet(hosts: [], machines: [])
        fleet.machines = (0..<machines).map { index in
            let size = 1 << Int.random(in: 0...3, using: &chance)
            return BalanceFleet.Machine(
                name: "vm\(index)", host: 0,
                load: .init(memoryMiB: 1024 * size, cpus: size, diskMiB: 10_240 * Int.random(in: 1...4, using: &chance))
            )
        }
        // Large enough for all at once, as the first one has to be.
        let whole = fleet.machines.reduce(into: BalanceFleet.Load()) {
            $0.memoryMiB += $1.load.memoryMiB
            $0.cpus += $1.load.cpus
            $0.diskMiB += $1.load.diskMiB
        }
        fleet.hosts = (0..<hosts).map { .init(name: "hv\($0)", capacity: whole) }
        let plan = FleetBalancing.plan(fleet, tolerance: 0.02)
        #expect(plan.isEven && plan.unevennessAfter < plan.unevennessBefore / 5)
        #expect(Double(plan.moves.count) <= 1.2 * Double(plan.leastMoves), "\(plan.moves.count) of \(plan.leastMoves)")
        #expect(plan.leastMoves > machines / 3)
    }

    /// Whatever the fleet: no VM twice, no host over its promises when a move's turn comes, groups kept, never less even.
    @Test(arguments: 0..<30) func keepsEveryPromise(_ seed: Int) throws {
        let fleet = Self.random(hosts: 10, machines: 120, seed: UInt64(seed))
        let plan = FleetBalancing.plan(fleet)
        #expect(Set(plan.moves.map(\.name)).count == plan.moves.count)
        #expect(plan.unevennessAfter <= plan.unevennessBefore)
        var places = Dictionary(fleet.machines.map { ($0.name, $0.host) }) { $1 }
        let names = fleet.hosts.map(\.name)
        for move in plan.moves {
            let target = try #require(names.firstIndex(of: move.to))
            #expect(places[move.name] == names.firstIndex(of: move.from))
            places[move.name] = target
            let there = fleet.machines.filter { places[$0.name] == target }
            let capacity = fleet.hosts[target].capacity
            #expect(there.reduce(0) { $0 + $1.load.memoryMiB } <= capacity.memoryMiB)
            #expect(there.reduce(0) { $0 + $1.load.cpus } <= capacity.cpus)
            let moved = try #require(fleet.machines.first { $0.name == move.name })
            for group in moved.spread { #expect(there.filter { $0.spread.contains(group) }.count == 1) }
            #expect(moved.fixed == nil)
        }
    }

    @Test func plansALargeFleet() {
        let fleet = Self.random(hosts: 100, machines: 5000, seed: 1)
        let clock = ContinuousClock()
        var plan: BalancePlan?
        let time = clock.measure { plan = FleetBalancing.plan(fleet) }
        print("100 hosts, 5000 VMs: \(plan?.moves.count ?? 0) moves of at least \(plan?.leastMoves ?? 0) in \(time)")
        #expect(plan?.isEven == true)
        #expect(Double(plan?.moves.count ?? 0) <= 1.2 * Double(plan?.leastMoves ?? 0))
    }

    private static func random(hosts: Int, machines: Int, seed: UInt64) -> BalanceFleet {
        var chance = Chance(seed: seed)
        let each = machines / hosts + 1
        let list = (0..<hosts).map { index in
            BalanceFleet.Host(
                name: "hv\(index)",
                capacity: .init(memoryMiB: each * 16_384, cpus: each * 16, diskMiB: each * 200_000))
        }
        var taken: [String: Set<Int>] = [:]
        let machines = (0..<machines).map { index in
            // Half of all on a tenth of the hosts.
            let host =
                Bool.random(using: &chance)
                ? Int.random(in: 0..<max(1, hosts / 10), using: &chance) : Int.random(in: 0..<hosts, using: &chance)
            let size = 1 << Int.random(in: 0...3, using: &chance)
            var machine = BalanceFleet.Machine(
                name: "vm\(index)", host: host,
                load: .init(
                    memoryMiB: 512 * size, cpus: size, diskMiB: 5000 * Int.random(in: 1...8, using: &chance)))
            let group = "group\(Int.random(in: 0...20, using: &chance))"
            if index % 7 == 0, taken[group, default: []].insert(host).inserted { machine.spread = [group] }
            if index % 11 == 0 { machine.fixed = "has a host device" }
            return machine
        }
        return BalanceFleet(hosts: list, machines: machines)
    }

    private static func fleet(_ line: FixtureCase) throws -> BalanceFleet {
        func load(_ value: Value) -> BalanceFleet.Load {
            let numbers = value.list?.compactMap(\.int) ?? []
            return .init(memoryMiB: numbers[0], cpus: numbers[1], diskMiB: numbers[2])
        }
        var fleet = BalanceFleet(hosts: [], machines: [])
        for (name, given) in try #require(line["hosts"]?.map) {
            fleet.hosts.append(
                .init(name: name.string ?? "", capacity: load(given), takesVMs: given.list?.last?.string == nil))
        }
        let names = fleet.hosts.map(\.name)
        for (host, machines) in try #require(line["vms"]?.map) {
            for (name, given) in machines.map ?? Mapping() {
                let more = given.list?.last
                var machine = BalanceFleet.Machine(
                    name: name.string ?? "", host: try #require(names.firstIndex(of: host.string ?? "")),
                    load: load(given))
                machine.spread = Set([more?["spread"]?.string].compactMap { $0 })
                machine.affinity = Set([more?["affinity"]?.string].compactMap { $0 })
                machine.fixed = more?["fixed"]?.bool == true ? "it must" : nil
                machine.possible = more?["possible"]?.list.map { list in
                    Set(list.compactMap { host in names.firstIndex { $0 == host.string } })
                }
                fleet.machines.append(machine)
            }
        }
        return fleet
    }
}
