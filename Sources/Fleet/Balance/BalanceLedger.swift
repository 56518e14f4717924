/// What every host has promised at one point of a plan, and how far that is from even. Pure.
struct BalanceLedger {
    /// What counts as nothing among shares.
    static let nothing = 1e-9

    /// Shares of what each host may promise.
    private(set) var shares: [BalanceShares]
    private let capacities: [BalanceShares]
    /// Hosts that are evened out.
    let participants: [Int]
    /// The fleet's own share of each resource: where every host would be if all were even.
    let means: BalanceShares
    /// The most that counts as even.
    let limit: BalanceShares
    let tolerance: Double

    /// - Parameter tolerance: how far above the mean still counts as even, as a share.
    init(_ fleet: BalanceFleet, tolerance: Double) {
        let capacities = fleet.hosts.map { host in
            BalanceShares(
                Double(max(1, host.capacity.memoryMiB)), Double(max(1, host.capacity.cpus)),
                Double(max(1, host.capacity.diskMiB)))
        }
        var used = fleet.hosts.map { BalanceShares($0.base) }
        for machine in fleet.machines { used[machine.host] = used[machine.host] + BalanceShares(machine.load) }
        let participants = fleet.hosts.indices.filter { fleet.hosts[$0].takesVMs }
        let whole = participants.reduce(.none) { $0 + capacities[$1] }
        means = participants.isEmpty ? .none : participants.reduce(.none) { $0 + used[$1] } / whole
        limit = means + BalanceShares(all: tolerance)
        shares = zip(used, capacities).map { $0 / $1 }
        self.capacities = capacities
        self.participants = participants
        self.tolerance = tolerance
    }

    /// By how much a host is over what counts as even; not positive where it is not.
    func over(_ host: Int) -> BalanceShares { shares[host] - limit }

    /// The same in the resource where it is worst.
    func excess(_ host: Int) -> Double { over(host).greatest }

    func isEven(_ host: Int) -> Bool { excess(host) <= Self.nothing }

    func share(of amounts: BalanceShares, on host: Int) -> BalanceShares { amounts / capacities[host] }

    /// Whether a host still keeps its promises with so much more.
    func fits(_ amounts: BalanceShares, on host: Int) -> Bool {
        let (now, more) = (shares[host], amounts / capacities[host])
        // What it does not ask for cannot be what there is too little of.
        return (more.memory == 0 || now.memory + more.memory <= 1 + Self.nothing)
            && (more.cpus == 0 || now.cpus + more.cpus <= 1 + Self.nothing)
            && (more.disk == 0 || now.disk + more.disk <= 1 + Self.nothing)
    }

    /// How far over what counts as even a host would be with so much more, where it is worst.
    func excess(of host: Int, with amounts: BalanceShares) -> Double {
        (shares[host] + amounts / capacities[host] - limit).greatest
    }

    /// How much nearer to even the fleet comes by a move; negative when it comes farther away.
    func gain(_ amounts: BalanceShares, from source: Int, to target: Int) -> Double {
        let (here, there) = (shares[source] - means, shares[target] - means)
        return here.square + there.square - (here - amounts / capacities[source]).square
            - (there + amounts / capacities[target]).square
    }

    mutating func move(_ amounts: BalanceShares, from source: Int, to target: Int) {
        shares[source] = shares[source] - amounts / capacities[source]
        shares[target] = shares[target] + amounts / capacities[target]
    }

    /// How far from even the fleet is: the standard deviation of the shares of all hosts and resources, in percent points.
    var unevenness: Double {
        guard !participants.isEmpty else { return 0 }
        let squares = participants.reduce(0.0) { $0 + (shares[$1] - means).square }
        return 100 * (squares / Double(participants.count * BalanceFleet.resources.count)).squareRoot()
    }

    var isEven: Bool { participants.allSatisfy { isEven($0) } }
}
