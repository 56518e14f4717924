/// What is wrong with a host's cable.
package enum LinkState: String, Sendable, Hashable, CaseIterable {
    /// Nothing: as it was when the host was new.
    case restore
    /// Pulled out.
    case cut
    /// Nothing that the host sends arrives; it still hears the others.
    case oneWay = "one-way"
    /// The host hears nothing; what it sends arrives.
    case deaf
    /// 10 Mbit/s in either direction.
    case slow

    /// What does it, in the order to run it. Every state begins by taking away the others.
    /// - Parameters:
    ///   - controller: process in the network namespace with the bridge.
    ///   - host: process in the host's network namespace.
    ///   - port: the cable's end on the bridge.
    func steps(controller: Int32, host: Int32, port: String) -> [Step] {
        let here = ["nsenter", "--target", String(controller), "--net", "--"]
        let there = ["nsenter", "--target", String(host), "--net", "--"]
        var steps = [
            Step(words: here + ["nft", "-f", "-"], input: "table bridge \(port) {}\ndelete table bridge \(port)\n"),
            Step(words: here + ["tc", "qdisc", "del", "dev", port, "root"], mayFail: true),
            Step(words: there + ["tc", "qdisc", "del", "dev", "eth0", "root"], mayFail: true),
            Step(words: here + ["ip", "link", "set", port, self == .cut ? "down" : "up"]),
        ]
        switch self {
        case .restore, .cut: break
        case .oneWay, .deaf:
            let lost = self == .oneWay ? "hook prerouting priority 0; iifname" : "hook postrouting priority 0; oifname"
            let rules = """
                table bridge \(port) {
                    chain lost { type filter \(lost) "\(port)" drop; }
                }

                """
            steps.append(Step(words: here + ["nft", "-f", "-"], input: rules))
        case .slow:
            let rate = ["tbf", "rate", "10mbit", "burst", "32k", "latency", "400ms"]
            steps.append(Step(words: here + ["tc", "qdisc", "replace", "dev", port, "root"] + rate))
            steps.append(Step(words: there + ["tc", "qdisc", "replace", "dev", "eth0", "root"] + rate))
        }
        return steps
    }

    struct Step: Sendable, Hashable {
        var words: [String]
        var input = ""
        /// There may be nothing to take away.
        var mayFail = false
    }
}
