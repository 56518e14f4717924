/// Who feeds whom with which piece of an image, so that it reaches all hosts about as fast as it reaches one.
///
/// A piece is passed on as soon as it has arrived, so all links work at once; the controller sends each piece once, as long
/// as somebody who has it lives. With equal links the time is that of one copy and about log2 of the fleet in pieces:
/// the "binomial pipeline" of Ganesan and Seshadri, On Cooperative Content Distribution (2005), found greedily.
///
/// A value: it knows no clock and no host, only what it is told.
package struct PushSchedule: Sendable {
    /// Where a piece comes from.
    package enum Source: Sendable, Hashable {
        case controller
        /// By its number among the hosts.
        case host(Int)
    }

    /// A piece on its way.
    package struct Transfer: Sendable, Hashable {
        package let piece: Int
        package let source: Source
        package let target: Int
    }

    private struct Node {
        /// What it has, by piece.
        var has: [Bool]
        var incoming: Set<Int> = []
        var outgoing = 0
        var isLost = false
        var isMute = false
        var missing: Int
    }

    package let pieces: Int
    private var nodes: [Node]
    /// How many hosts have each piece, and how many are getting it.
    private var copies: [Int]
    private var coming: [Int]
    private var controllerIsBusy = false
    /// Transfers that a host may feed, and take, at once.
    private let lanes: Int
    /// Who could not feed whom: not tried again.
    private var failures: Set<Pair> = []
    private struct Pair: Hashable {
        let source: Source
        let target: Int
    }

    /// - Parameters:
    ///   - complete: the numbers of hosts that have all of it already: they feed others from the start.
    ///   - lanes: transfers at once in each direction of a host's link; a second one fills the pauses of the first.
    package init(hosts: Int, pieces: Int, complete: Set<Int> = [], lanes: Int = 1) {
        self.pieces = pieces
        self.lanes = lanes
        nodes = (0..<hosts).map { number in
            let isComplete = complete.contains(number)
            return Node(has: Array(repeating: isComplete, count: pieces), missing: isComplete ? 0 : pieces)
        }
        copies = Array(repeating: complete.filter { $0 < hosts }.count, count: pieces)
        coming = Array(repeating: 0, count: pieces)
    }

    /// The transfers to begin now; each is to be reported back by ``finished(_:)`` or ``failed(_:)``.
    ///
    /// A piece that the controller alone has goes first, because only that makes more for the others to pass on; then the
    /// hosts that lack most take the rarest pieces that others are free to give.
    package mutating func next() -> [Transfer] {
        var begun: [Transfer] = []
        func note(_ transfer: Transfer?) -> Bool {
            guard let transfer else { return false }
            begin(transfer)
            begun.append(transfer)
            return true
        }
        _ = note(fromController())
        for _ in 0..<lanes {
            for target in takers() { _ = note(fromHosts(to: target)) }
        }
        _ = note(fromController())
        return begun
    }

    package mutating func finished(_ transfer: Transfer) {
        end(transfer)
        guard !nodes[transfer.target].isLost, !nodes[transfer.target].has[transfer.piece] else { return }
        nodes[transfer.target].has[transfer.piece] = true
        nodes[transfer.target].missing -= 1
        copies[transfer.piece] += 1
    }

    /// A transfer that came to nothing: this source does not feed this target any more.
    package mutating func failed(_ transfer: Transfer) {
        end(transfer)
        failures.insert(Pair(source: transfer.source, target: transfer.target))
    }

    /// A host feeds nobody any more; it may still be fed.
    package mutating func mute(_ host: Int) { nodes[host].isMute = true }

    /// A host takes no further part; what was on its way to it or from it is reported back all the same.
    package mutating func lose(_ host: Int) {
        guard !nodes[host].isLost else { return }
        nodes[host].isLost = true
        for piece in 0..<pieces where nodes[host].has[piece] { copies[piece] -= 1 }
    }

    /// Whether a host has every piece.
    package func isComplete(_ host: Int) -> Bool { nodes[host].missing == 0 && !nodes[host].isLost }

    /// Hosts that lack a piece though nothing is on its way: no source is left for them.
    package var starved: [Int] {
        nodes.indices.filter { !nodes[$0].isLost && nodes[$0].missing > 0 && nodes[$0].incoming.isEmpty }
    }

    /// Pieces that have arrived, among all that are to arrive at hosts that still take part.
    package var progress: (arrived: Int, wanted: Int) {
        let living = nodes.filter { !$0.isLost }
        return (living.reduce(0) { $0 + pieces - $1.missing }, living.count * pieces)
    }

    private mutating func begin(_ transfer: Transfer) {
        nodes[transfer.target].incoming.insert(transfer.piece)
        coming[transfer.piece] += 1
        switch transfer.source {
        case .controller: controllerIsBusy = true
        case .host(let number): nodes[number].outgoing += 1
        }
    }

    private mutating func end(_ transfer: Transfer) {
        nodes[transfer.target].incoming.remove(transfer.piece)
        coming[transfer.piece] -= 1
        switch transfer.source {
        case .controller: controllerIsBusy = false
        case .host(let number): nodes[number].outgoing -= 1
        }
    }

    private func takers() -> [Int] {
        nodes.indices.filter { !nodes[$0].isLost && nodes[$0].missing > 0 && nodes[$0].incoming.count < lanes }
            .sorted { (nodes[$0].missing, $0) > (nodes[$1].missing, $1) }
    }

    private func fromController() -> Transfer? {
        guard !controllerIsBusy else { return nil }
        let takers = takers()
        for piece in 0..<pieces where copies[piece] + coming[piece] == 0 {
            for target in takers {
                if canFeed(.controller, target) { return Transfer(piece: piece, source: .controller, target: target) }
            }
        }
        // A host whom nobody else can give a piece, after failures between the two.
        for target in takers where nodes[target].incoming.isEmpty && canFeed(.controller, target) {
            for piece in lacking(target) where copies[piece] > 0 {
                let nobody = !nodes.indices.contains {
                    nodes[$0].has[piece] && $0 != target && canFeed(.host($0), target)
                }
                if nobody { return Transfer(piece: piece, source: .controller, target: target) }
            }
        }
        return nil
    }

    /// The rarest piece that a free host can give, from whoever has the least else to give.
    private func fromHosts(to target: Int) -> Transfer? {
        let givers = nodes.indices.filter { nodes[$0].outgoing < lanes && canFeed(.host($0), target) }
        guard !givers.isEmpty else { return nil }
        let rarest = lacking(target).sorted { (copies[$0] + coming[$0], $0) < (copies[$1] + coming[$1], $1) }
        for piece in rarest where copies[piece] > 0 {
            let giver = givers.filter { nodes[$0].has[piece] }
                .max { (nodes[$1].outgoing, nodes[$0].missing) < (nodes[$0].outgoing, nodes[$1].missing) }
            if let giver { return Transfer(piece: piece, source: .host(giver), target: target) }
        }
        return nil
    }

    private func canFeed(_ source: Source, _ target: Int) -> Bool {
        if case .host(let number) = source, number == target || nodes[number].isLost || nodes[number].isMute {
            return false
        }
        return !failures.contains(Pair(source: source, target: target))
    }

    private func lacking(_ host: Int) -> [Int] {
        (0..<pieces).filter { !nodes[host].has[$0] && !nodes[host].incoming.contains($0) }
    }
}
