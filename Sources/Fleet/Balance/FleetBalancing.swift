/// Finds few migrations that even a fleet out. Pure: what hosts have in, moves in the order to be made out.
///
/// From each host that has too much the fewest VMs that suffice are chosen and given to hosts that have room for them;
/// where that does not come out even, one move after the other that brings the fleet nearest to it; then moves that turn
/// out not to be needed are taken back. A VM moves at most once; VMs of one affinity group move together.
package struct FleetBalancing {
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
        balancing.moveChosen()
        balancing.descend()
        balancing.takeBackNeedless()
        if !balancing.ledger.isEven, balancing.ledger.unevenness >= before.unevenness { balancing.takeBackAll() }
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

    /// Hosts that have too much, the worst first.
    private var sources: [Int] {
        ledger.participants.filter { !ledger.isEven($0) }.sorted { ledger.excess($0) > ledger.excess($1) }
    }

    /// The large ones first, as they are the hardest to find room for.
    private mutating func moveChosen() {
        let leaving = sources.flatMap { fewest(from: $0) }
        for index in leaving.sorted(by: { (units[$0].size, $0) > (units[$1].size, $1) }) {
            if let target = target(for: units[index]) { carryOut(index, to: target) }
        }
    }

    private func fewest(from source: Int) -> [Int] {
        let groups = movable[source].sorted { $0.key < $1.key }.map(\.value)
        let kinds = groups.map { group in
            BalanceDeparture.Kind(
                share: ledger.share(of: units[group[0]].amounts, on: source), size: units[group[0]].members.count,
                count: group.count)
        }
        let counts = BalanceDeparture(kinds, over: ledger.over(source)).fewest()
        return zip(groups, counts).flatMap { group, count in group.suffix(count) }
    }

    /// The host that stays farthest below what counts as even with it; nil when none does.
    private func target(for unit: BalanceUnit) -> Int? {
        var best: (host: Int, excess: Double)?
        for host in ledger.participants where host != unit.host {
            let excess = ledger.excess(of: host, with: unit.amounts)
            guard excess <= BalanceLedger.nothing, excess < best?.excess ?? .infinity, isPossible(unit, on: host)
            else { continue }
            best = (host, excess)
        }
        return best?.host
    }

    /// One move after the other from the host that is farthest over: if it can be, to one that stays even.
    private mutating func descend() {
        var stuck: Set<Int> = []
        while let source = sources.first(where: { !stuck.contains($0) }) {
            guard let (unit, target) = evenMove(from: source) ?? bestMove(from: source) else {
                stuck.insert(source)
                continue
            }
            carryOut(unit, to: target)
        }
    }

    /// The unit that takes most of what is too much, of those that a host stays even with.
    private func evenMove(from source: Int) -> (unit: Int, target: Int)? {
        let over = ledger.over(source).positive
        let ranked = candidates(from: source).map { index in
            let share = ledger.share(of: units[index].amounts, on: source)
            return (index: index, worth: share.capped(by: over).sum / Double(units[index].members.count))
        }
        for (index, worth) in ranked.sorted(by: { ($0.worth, $0.index) > ($1.worth, $1.index) }) where worth > 0 {
            if let target = target(for: units[index]) { return (index, target) }
        }
        return nil
    }

    /// The move that brings the fleet nearest to even.
    private func bestMove(from source: Int) -> (unit: Int, target: Int)? {
        var best: (unit: Int, target: Int, gain: Double)?
        for target in ledger.participants where target != source {
            for index in candidates(from: source) {
                let unit = units[index]
                let gain = ledger.gain(unit.amounts, from: source, to: target) / Double(unit.members.count)
                guard gain > 1e-12, gain > best?.gain ?? 0, isPossible(unit, on: target) else { continue }
                best = (index, target, gain)
            }
        }
        return best.map { ($0.unit, $0.target) }
    }

    /// One unit of each kind.
    private func candidates(from source: Int) -> [Int] {
        movable[source].sorted { $0.key < $1.key }.compactMap(\.value.last)
    }

    private func isPossible(_ unit: BalanceUnit, on target: Int) -> Bool {
        unit.possible?.contains(target) ?? true
            && unit.spread.allSatisfy { company[target][$0, default: 0] == 0 }
            && ledger.fits(unit.amounts, on: target)
    }

    private mutating func carryOut(_ index: Int, to target: Int) {
        let unit = units[index]
        movable[unit.host][unit.kind]?.removeAll { $0 == index }
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

    /// The small ones first: what is even without a move keeps its VM; and where no moves would make a host even, what
    /// brings it nearer by less than half the tolerance in all is not worth its while.
    private mutating func takeBackNeedless() {
        let most = ledger.participants.reduce(into: [Int: Double]()) { most, host in
            most[host] = ledger.isEven(host) ? 0 : ledger.excess(host) + ledger.tolerance / 2
        }
        let order = moves.indices.sorted { (units[moves[$0].unit].size, $1) < (units[moves[$1].unit].size, $0) }
        var needless: Set<Int> = []
        for position in order {
            let (unit, source) = (units[moves[position].unit], moves[position].from)
            guard unit.spread.allSatisfy({ company[source][$0, default: 0] == 0 }),
                ledger.fits(unit.amounts, on: source),
                ledger.excess(of: source, with: unit.amounts) <= (most[source] ?? 0) + BalanceLedger.nothing
            else { continue }
            relocate(moves[position].unit, to: source)
            needless.insert(position)
        }
        moves = moves.indices.filter { !needless.contains($0) }.map { moves[$0] }
    }

    private mutating func takeBackAll() {
        for move in moves.reversed() { relocate(move.unit, to: move.from) }
        moves = []
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
                name: fleet.hosts[index].name, before: before.shares[index].list, after: ledger.shares[index].list)
        }
        return BalancePlan(
            moves: list, hosts: hosts, unevennessBefore: before.unevenness, unevennessAfter: ledger.unevenness,
            isEven: ledger.isEven, leastMoves: leastMoves(before))
    }

    /// Fewer migrations than this cannot do: what has to leave each host that is over, were all that may move free to go
    /// anywhere.
    private func leastMoves(_ before: BalanceLedger) -> Int {
        let byHost = Dictionary(grouping: fleet.machines.lazy.filter { $0.fixed == nil }, by: \.host)
        return before.participants.filter { !before.isEven($0) }.reduce(0) { sum, host in
            let loads = Dictionary(grouping: byHost[host] ?? [], by: \.load).mapValues(\.count)
            let kinds = loads.map { load, count in
                BalanceDeparture.Kind(share: before.share(of: .init(load), on: host), size: 1, count: count)
            }
            return sum + BalanceDeparture(kinds, over: before.over(host)).bound
        }
    }
}
