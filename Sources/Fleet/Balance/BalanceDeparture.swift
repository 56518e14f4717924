/// Which VMs leave a host that has too many, such that few suffice. Pure.
///
/// Several resources are too much at once, and the VMs that are large in one need not be so in another. So all resources
/// are weighed into one, in many ways: of each way the largest VMs that suffice are one choice, and how many those are is
/// a number that no choice at all can go below.
struct BalanceDeparture {
    /// VMs, or companies of them, that are alike.
    struct Kind {
        /// What one takes up of the host.
        let share: BalanceShares
        /// How many VMs one is.
        let size: Int
        var count: Int
    }

    private let kinds: [Kind]
    /// What is to go; not positive where nothing is.
    private let over: BalanceShares

    init(_ kinds: [Kind], over: BalanceShares) {
        self.kinds = kinds
        self.over = over
    }

    /// How many of each kind are to go: as many as there are of use, where all do not suffice.
    func fewest() -> [Int] {
        var best: (counts: [Int], moves: Int)?
        for weights in Self.weights(over) {
            let counts = choice(weights)
            let moves = zip(counts, kinds).reduce(0) { $0 + $1.0 * $1.1.size }
            if moves < best?.moves ?? .max { best = (counts, moves) }
        }
        return best?.counts ?? kinds.map { _ in 0 }
    }

    /// No fewer VMs than this, whichever they are, can do it.
    var bound: Int {
        Self.weights(over).map { weights in
            var rest = (over.positive * weights).sum
            var moves = 0
            for kind in order(weights).map({ kinds[$0] }) where rest > BalanceLedger.nothing {
                let each = (kind.share.capped(by: over.positive) * weights).sum / Double(kind.size)
                guard each > 0 else { break }
                let all = kind.count * kind.size
                let count = min(Double(all), (rest / each - BalanceLedger.nothing).rounded(.up))
                moves += Int(count)
                rest -= count * each
            }
            return moves
        }.max() ?? 0
    }

    /// Ways to weigh the resources that are too much against each other, each by how much too much it is.
    private static func weights(_ over: BalanceShares) -> [BalanceShares] {
        let steps = 10
        var found: [BalanceShares] = []
        func weight(_ part: Int, _ over: Double) -> Double? {
            if over > BalanceLedger.nothing { return Double(part) / Double(steps) / over }
            return part == 0 ? 0 : nil
        }
        for memory in 0...steps {
            for cpus in 0...(steps - memory) {
                guard let first = weight(memory, over.memory), let second = weight(cpus, over.cpus),
                    let third = weight(steps - memory - cpus, over.disk)
                else { continue }
                found.append(BalanceShares(first, second, third))
            }
        }
        return found
    }

    /// The kinds of most weight for each VM first.
    private func order(_ weights: BalanceShares) -> [Int] {
        let worth = kinds.map { ($0.share.capped(by: over.positive) * weights).sum / Double($0.size) }
        return kinds.indices.sorted { worth[$0] != worth[$1] ? worth[$0] > worth[$1] : $0 > $1 }
    }

    private func choice(_ weights: BalanceShares) -> [Int] {
        var counts = kinds.map { _ in 0 }
        var rest = over
        let order = order(weights)
        for index in order {
            let kind = kinds[index]
            let (left, each) = ((rest.positive * weights).sum, (kind.share * weights).sum)
            guard left > BalanceLedger.nothing, each > 0 else { continue }
            let count = min(kind.count, max(1, Int(left / each)))
            counts[index] += count
            rest = rest - kind.share * BalanceShares(all: Double(count))
        }
        complete(&counts, &rest)
        for index in order.reversed() {
            while counts[index] > 0, (rest + kinds[index].share).greatest <= BalanceLedger.nothing {
                counts[index] -= 1
                rest = rest + kinds[index].share
            }
        }
        return counts
    }

    /// Adds those that bring most of what is left to go, until nothing is or nothing helps.
    private func complete(_ counts: inout [Int], _ rest: inout BalanceShares) {
        while rest.greatest > BalanceLedger.nothing {
            let left = rest.positive
            var best: (index: Int, worth: Double)?
            for (index, kind) in kinds.enumerated() where counts[index] < kind.count {
                let worth = kind.share.capped(by: left).sum / Double(kind.size)
                if worth > best?.worth ?? 0 { best = (index, worth) }
            }
            guard let best else { return }
            counts[best.index] += 1
            rest = rest - kinds[best.index].share
        }
    }
}
