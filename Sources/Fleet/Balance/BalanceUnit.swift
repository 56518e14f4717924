/// VMs that can only move together, for most one alone, and what they need in all. Pure.
struct BalanceUnit {
    /// Their places among the fleet's VMs.
    private(set) var members: [Int]
    var host: Int
    private(set) var amounts: BalanceShares
    /// Of what all hosts have, the share that it takes up in the resource of which it takes most.
    private(set) var size = 0.0
    private(set) var spread: Set<String>
    private(set) var possible: Set<Int>?
    private(set) var isFixed: Bool
    /// Equal for units that differ in their names only.
    private(set) var kind = 0

    private mutating func join(_ other: Self) {
        members += other.members
        amounts = amounts + other.amounts
        spread.formUnion(other.spread)
        if let theirs = other.possible { possible = possible?.intersection(theirs) ?? theirs }
        isFixed = isFixed || other.isFixed
    }

    /// VMs by the company that they have to keep.
    static func all(of fleet: BalanceFleet) -> [BalanceUnit] {
        var homes: [String: Set<Int>] = [:]
        for machine in fleet.machines {
            for group in machine.affinity { homes[group, default: []].insert(machine.host) }
        }
        var units: [BalanceUnit] = []
        // Of each host and group, the unit that its VMs belong to.
        var together: [String: Int] = [:]
        for (index, machine) in fleet.machines.enumerated() {
            var unit = BalanceUnit(
                members: [index], host: machine.host, amounts: BalanceShares(machine.load), spread: machine.spread,
                possible: machine.possible, isFixed: machine.fixed != nil)
            // A group that is split already would have to be joined first, which is not a question of balance.
            if machine.affinity.contains(where: { (homes[$0]?.count ?? 0) > 1 }) { unit.isFixed = true }
            guard let position = machine.affinity.compactMap({ together[$0] }).min() else {
                for group in machine.affinity { together[group] = units.count }
                units.append(unit)
                continue
            }
            for group in machine.affinity { together[group] = position }
            units[position].join(unit)
        }
        let whole = fleet.hosts.reduce(BalanceShares(all: 1)) { $0 + BalanceShares($1.capacity) }
        return named(units, whole)
    }

    private static func named(_ units: [BalanceUnit], _ whole: BalanceShares) -> [BalanceUnit] {
        struct Kind: Hashable {
            let count: Int
            let amounts: BalanceShares
            let spread: Set<String>
            let possible: Set<Int>?
        }
        var kinds: [Kind: Int] = [:]
        return units.map { unit in
            let kind = Kind(
                count: unit.members.count, amounts: unit.amounts, spread: unit.spread, possible: unit.possible)
            var unit = unit
            unit.kind = kinds[kind] ?? kinds.count
            kinds[kind] = unit.kind
            unit.size = (unit.amounts / whole).greatest
            return unit
        }
    }
}
