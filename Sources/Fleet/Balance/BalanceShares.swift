/// One number for each resource that is evened out: an amount, or a share of what a host may promise.
struct BalanceShares: Sendable, Hashable {
    var memory: Double
    var cpus: Double
    var disk: Double

    init(_ memory: Double, _ cpus: Double, _ disk: Double) {
        self.memory = memory
        self.cpus = cpus
        self.disk = disk
    }

    init(all number: Double) { self.init(number, number, number) }

    init(_ load: BalanceFleet.Load) {
        self.init(Double(load.memoryMiB), Double(load.cpus), Double(load.diskMiB))
    }

    static let none = BalanceShares(all: 0)

    static func + (left: Self, right: Self) -> Self {
        Self(left.memory + right.memory, left.cpus + right.cpus, left.disk + right.disk)
    }

    static func - (left: Self, right: Self) -> Self {
        Self(left.memory - right.memory, left.cpus - right.cpus, left.disk - right.disk)
    }

    static func * (left: Self, right: Self) -> Self {
        Self(left.memory * right.memory, left.cpus * right.cpus, left.disk * right.disk)
    }

    static func / (left: Self, right: Self) -> Self {
        Self(left.memory / right.memory, left.cpus / right.cpus, left.disk / right.disk)
    }

    var greatest: Double { Swift.max(memory, Swift.max(cpus, disk)) }
    var sum: Double { memory + cpus + disk }
    /// The sum of the squares.
    var square: Double { memory * memory + cpus * cpus + disk * disk }
    /// With 0 for what is below.
    var positive: Self { Self(Swift.max(0, memory), Swift.max(0, cpus), Swift.max(0, disk)) }

    /// The lesser of each.
    func capped(by other: Self) -> Self {
        Self(Swift.min(memory, other.memory), Swift.min(cpus, other.cpus), Swift.min(disk, other.disk))
    }

    /// In the order of ``BalanceFleet/resources``.
    var list: [Double] { [memory, cpus, disk] }
}
