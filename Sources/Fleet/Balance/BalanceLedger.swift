/// What every host has promised at one point of a plan, and how far that is from even. Pure.
struct BalanceLedger {
    /// Shares of what each host may promise, by host and resource.
    private(set) var shares: [[Double]]
    private let capacities: [[Double]]
    private let participants: [Int]
    /// The fleet's own share of each resource: where every host would be if all were even.
    let means: [Double]
    /// How far above the mean still counts as even, as a share.
    let tolerance: Double

    init(_ fleet: BalanceFleet, tolerance: Double) {
        capacities = fleet.hosts.map { $0.capacity.amounts.map { max(1, $0) } }
        var used = fleet.hosts.map(\.base.amounts)
        for machine in fleet.machines {
            for (resource, amount) in machine.load.amounts.enumerated() { used[machine.host][resource] += amount }
        }
        participants = fleet.hosts.indices.filter { fleet.hosts[$0].takesVMs }
        let (capacities, participants) = (capacities, participants)
        shares = zip(used, capacities).map { used, capacity in zip(used, capacity).map { $0 / $1 } }
        means = BalanceFleet.resources.indices.map { resource in
            let whole = participants.reduce(0) { $0 + capacities[$1][resource] }
            return whole > 0 ? participants.reduce(0) { $0 + used[$1][resource] } / whole : 0
        }
        self.tolerance = tolerance
    }

    /// By how much a host is over what counts as even, in the resource where it is worst; not positive when it is not.
    func excess(_ host: Int) -> Double {
        zip(shares[host], means).map { $0 - $1 - tolerance }.max() ?? 0
    }

    func share(of amounts: [Double], on host: Int) -> [Double] {
        zip(amounts, capacities[host]).map { $0 / $1 }
    }

    /// Whether a host still keeps its promises with so much more.
    func fits(_ amounts: [Double], on host: Int) -> Bool {
        zip(zip(amounts, capacities[host]), shares[host]).allSatisfy { $1 + $0.0 / $0.1 <= 1 + 1e-9 || $0.0 == 0 }
    }

    /// How much nearer to even the fleet comes by a move; negative when it comes farther away.
    func gain(_ amounts: [Double], from source: Int, to target: Int) -> Double {
        var gain = 0.0
        for resource in amounts.indices {
            let mean = means[resource]
            let (leaving, arriving) = (
                amounts[resource] / capacities[source][resource], amounts[resource] / capacities[target][resource]
            )
            let (here, there) = (shares[source][resource] - mean, shares[target][resource] - mean)
            gain += here * here + there * there
            gain -= (here - leaving) * (here - leaving) + (there + arriving) * (there + arriving)
        }
        return gain
    }

    mutating func move(_ amounts: [Double], from source: Int, to target: Int) {
        for resource in amounts.indices {
            shares[source][resource] -= amounts[resource] / capacities[source][resource]
            shares[target][resource] += amounts[resource] / capacities[target][resource]
        }
    }

    /// How far from even the fleet is: the standard deviation of the shares of all hosts and resources, in percent points.
    var unevenness: Double {
        guard !participants.isEmpty else { return 0 }
        let squares = participants.reduce(0.0) { sum, host in
            sum + zip(shares[host], means).reduce(0.0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
        }
        return 100 * (squares / Double(participants.count * means.count)).squareRoot()
    }

    var isEven: Bool { participants.allSatisfy { excess($0) <= 1e-9 } }
    /// Hosts that are evened out.
    var even: [Int] { participants }
}
