/// Runs `body` for each item, at most `limit` at a time, and gives the results in the items' order.
package func fanOut<Item: Sendable, Outcome: Sendable>(
    _ items: [Item], limit: Int, _ body: @escaping @Sendable (Item) async -> Outcome
) async -> [Outcome] {
    await withTaskGroup(of: (Int, Outcome).self) { group in
        var waiting = items.enumerated().makeIterator()
        for _ in 0..<max(1, limit) {
            guard let (index, item) = waiting.next() else { break }
            group.addTask { (index, await body(item)) }
        }
        var outcomes: [Outcome?] = Array(repeating: nil, count: items.count)
        while let (index, outcome) = await group.next() {
            outcomes[index] = outcome
            if let (next, item) = waiting.next() {
                group.addTask { (next, await body(item)) }
            }
        }
        return outcomes.compactMap { $0 }
    }
}
