/// Finds few migrations that even a fleet out. Pure: what hosts have in, moves in the order to be made out.
///
/// Steepest descent: from the host that is farthest over, the VM whose move brings the fleet nearest to even, so that few
/// large ones go rather than many small; each at most once; then moves that turn out not to be needed are taken back.
/// VMs of one affinity group move together.
package struct FleetBalancing {
    /// Hosts looked at first as targets: those that have most left. Others when none of them will do.
    private static let nearTargets = 4

    private let fleet: BalanceFleet
    private var ledger: BalanceLedger
    private var units: [BalanceUnit]
    /// Units that have not moved, by host and kind.
    private var movable: [[Int: [Int]]]
    /// How many VMs of each spread group a host has.
    private var company: [[String: Int]]
    private var moves: [(unit: Int, from: Int, to: Int)] = []

    /// - Parameter tolerance: how far above the fleet's mean a host may be, as a share of what it may promise.
    package static func plan(_ fleet: BalanceFleet, tolerance: Double = 0.05) -> BalancePlan {
        var balancing = FleetBalancing(fleet, tolerance: tolerance)
        let before = balancing.ledger
        balancing.descend()
        balancing.takeBackNeedless()
        return balancing.plan(before)
    }

    private init(_ fleet: BalanceFleet, tolerance: Double) {
        self.fleet = fleet
        ledger = BalanceLedger(fleet, tolerance: tolerance)
        units = BalanceUnit.all(of: fleet)
        movable = fleet.hosts.map { _ in [:] }
        company = fleet.hosts.map { _ in [:] }
        for (index, unit) in units.enumerated() {
            if !unit.isFixed { movable[unit.host][unit.kind, default: []].append(index) }
            for group in unit.spread { company[unit.host][group, default: 0] += unit.members.count }
        }
    }

    private mutating func descend() {
        var stuck: Set<Int> = []
        while let source = ledger.even.filter({ !stuck.contains($0) && ledger.excess($0) > 1e-9 })
            .max(by: { ledger.excess($0) < ledger.excess($1) })
        {
            guard let (unit, target) = bestMove(from: source) else {
                stuck.insert(source)
                continue
            }
            carryOut(unit, to: target)
        }
    }

    private func bestMove(from source: Int) -> (unit: Int, target: Int)? {
        let targets = ledger.even.filter { $0 != source }.sorted { ledger.excess($0) < ledger.excess($1) }
        return bestMove(from: source, to: targets.prefix(Self.nearTargets))
            ?? bestMove(from: source, to: targets.dropFirst(Self.nearTargets))
    }

    private func bestMove(from source: Int, to targets: some Sequence<Int>) -> (unit: Int, target: Int)? {
        var best: (unit: Int, target: Int, gain: Double)?
        for target in targets {
            for (_, indices) in movable[source].sorted(by: { $0.key < $1.key }) {
                guard let index = indices.last else { continue }
                let unit = units[index]
                let gain = ledger.gain(unit.amounts, from: source, to: target) / Double(unit.members.count)
                guard gain > 1e-12, gain > best?.gain ?? 0, isPossible(unit, on: target) else { continue }
                best = (index, target, gain)
            }
        }
        return best.map { ($0.unit, $0.target) }
    }

    private func isPossible(_ unit: BalanceUnit, on target: Int) -> Bool {
        unit.possible?.contains(target) ?? true
            && unit.spread.allSatisfy { company[target][$0, default: 0] == 0 }
            && ledger.fits(unit.amounts, on: target)
    }

    /// - Parameter index: the last of its kind on its host.
    private mutating func carryOut(_ index: Int, to target: Int) {
        let unit = units[index]
        movable[unit.host][unit.kind]?.removeLast()
        relocate(index, to: target)
        moves.append((index, unit.host, target))
    }

    private mutating func relocate(_ index: Int, to target: Int) {
        let unit = units[index]
        ledger.move(unit.amounts, from: unit.host, to: target)
        for group in unit.spread {
            company[unit.host][group, default: 0] -= unit.members.count
            company[target][group, default: 0] += unit.members.count
        }
        units[index].host = target
    }

    /// The last moves are the smallest: what became even enough without one keeps its VM.
    private mutating func takeBackNeedless() {
        guard ledger.isEven else { return }
        for (position, move) in moves.enumerated().reversed() {
            let (unit, source) = (units[move.unit], move.from)
            guard unit.spread.allSatisfy({ company[source][$0, default: 0] == 0 }),
                ledger.fits(unit.amounts, on: source)
            else { continue }
            relocate(move.unit, to: source)
            if ledger.isEven {
                moves.remove(at: position)
            } else {
                relocate(move.unit, to: move.to)
            }
        }
    }

    private func plan(_ before: BalanceLedger) -> BalancePlan {
        let list = moves.flatMap { move in
            units[move.unit].members.map { member in
                BalancePlan.Move(
                    name: fleet.machines[member].name, from: fleet.hosts[move.from].name, to: fleet.hosts[move.to].name)
            }
        }
        let hosts = fleet.hosts.indices.map { index in
            BalancePlan.HostShares(
                name: fleet.hosts[index].name, before: before.shares[index], after: ledger.shares[index])
        }
        return BalancePlan(
            moves: list, hosts: hosts, unevennessBefore: before.unevenness, unevennessAfter: ledger.unevenness,
            isEven: ledger.isEven, leastMoves: leastMoves(before))
    }

    /// Fewer migrations than this cannot do: from each host that is over, as many of its largest VMs must go as bring it
    /// down, were each of them free to go anywhere.
    private func leastMoves(_ before: BalanceLedger) -> Int {
        let byHost = Dictionary(grouping: fleet.machines.indices) { fleet.machines[$0].host }
        return before.even.reduce(0) { sum, host in
            let loads = (byHost[host] ?? []).map { before.share(of: fleet.machines[$0].load.amounts, on: host) }
            let counts = BalanceFleet.resources.indices.map { resource -> Int in
                var over = before.shares[host][resource] - before.means[resource] - before.tolerance
                guard over > 1e-9 else { return 0 }
                var count = 0
                for share in loads.map({ $0[resource] }).sorted(by: >) where over > 1e-9 {
                    over -= share
                    count += 1
                }
                return count
            }
            return sum + (counts.max() ?? 0)
        }
    }
}
