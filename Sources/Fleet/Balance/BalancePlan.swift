package import Values

/// Migrations that even a fleet out, and what that does.
package struct BalancePlan: Sendable {
    package struct Move: Sendable, Hashable {
        package let name: String
        package let from: String
        package let to: String

        /// As a user would type it.
        package var command: String { "drover vm migrate \(name) --to \(to)" }
    }

    /// What of a host is promised, as shares of what may be, in the order of ``BalanceFleet/resources``.
    package struct HostShares: Sendable {
        package let name: String
        package let before: [Double]
        package let after: [Double]
    }

    /// In an order in which each fits when its turn comes.
    package let moves: [Move]
    package let hosts: [HostShares]
    /// Standard deviation of all shares, in percent points; 0 is even.
    package let unevennessBefore: Double
    package let unevennessAfter: Double
    /// Whether every host that takes VMs is within the tolerance.
    package let isEven: Bool
    /// Fewer migrations than these could not do it, whatever they are.
    package let leastMoves: Int

    package var value: Value {
        [
            "moves": Value(
                moves.map { ["vm": Value($0.name), "from": Value($0.from), "to": Value($0.to)] as Value }),
            "hosts": Value(
                hosts.map {
                    ["host": Value($0.name), "before": Self.shares($0.before), "after": Self.shares($0.after)] as Value
                }),
            "unevenness_before": Value(Self.rounded(unevennessBefore)),
            "unevenness_after": Value(Self.rounded(unevennessAfter)), "even": Value(isEven),
            "least_moves": Value(leastMoves),
        ]
    }

    private static func shares(_ shares: [Double]) -> Value {
        Value(Mapping(zip(BalanceFleet.resources, shares).map { ($0, Value(rounded($1 * 100))) }))
    }

    private static func rounded(_ number: Double) -> Double { (number * 10).rounded() / 10 }
}
