/// Sorts a graph so that nothing stands before what it waits for, and otherwise by key.
struct TopologicalSort {
    /// What decides among nodes that could come next.
    struct Key: Comparable {
        var earliest: Double
        var order: Double
        var label: String
        var node: Int

        static func < (left: Key, right: Key) -> Bool {
            if left.earliest != right.earliest { return left.earliest < right.earliest }
            if left.order != right.order { return left.order < right.order }
            // Salt compares by code point.
            if left.label != right.label {
                return left.label.unicodeScalars.lexicographicallyPrecedes(right.label.unicodeScalars)
            }
            return left.node < right.node
        }
    }

    /// Chunks in order.
    private(set) var chunks: [Int] = []
    /// The nodes that could not be placed, because they wait for one another.
    private(set) var stuck: [Int] = []

    init(_ graph: DependencyGraph, orders: [Double], label: (Int) -> String) {
        var waiting = graph.dependencies.map(\.count)
        // Sorted downwards, so that the next one is last.
        var ready: [Key] = []
        func admit(_ node: Int) {
            let order = orders[graph.chunk[node]]
            let earliest = min(order, graph.earliestDependent(of: node, orders: orders))
            let key = Key(earliest: earliest, order: order, label: label(graph.chunk[node]), node: node)
            var low = 0
            var high = ready.count
            while low < high {
                let middle = (low + high) / 2
                if ready[middle] < key { high = middle } else { low = middle + 1 }
            }
            ready.insert(key, at: low)
        }
        for node in waiting.indices where waiting[node] == 0 { admit(node) }
        while let next = ready.popLast() {
            // A test node is the chunk's check, not another run of it.
            if next.node == graph.chunk[next.node] { chunks.append(next.node) }
            for edge in graph.dependents[next.node] {
                waiting[edge.to] -= 1
                if waiting[edge.to] == 0 { admit(edge.to) }
            }
        }
        stuck = waiting.indices.filter { waiting[$0] > 0 }
    }
}
