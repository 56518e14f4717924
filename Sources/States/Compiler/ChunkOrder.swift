import Values

/// The `order` of every chunk as a number: load order, a number asked for, `first`, `last`, or counted from the end.
struct ChunkOrder {
    private(set) var orders: [Double] = []
    private(set) var problems: [Diagnostic] = []

    /// What separates those counted from the end from all others.
    private static let far = 1_000_000.0

    init(_ drafts: [ChunkDraft]) {
        let cap = Self.cap(drafts)
        for draft in drafts { orders.append(order(of: draft, cap: cap)) }
    }

    /// One hundred above an order that passes the cap so far, as Salt counts it.
    private static func cap(_ drafts: [ChunkDraft]) -> Double {
        var cap = 1
        for draft in drafts {
            guard let order = draft.order.map({ $0.value.int }) ?? draft.loadOrder else { continue }
            // Beyond this no number that people write makes sense, and sums could overflow.
            if order > cap - 1, order > 0, order < 1 << 40 { cap = order + 100 }
        }
        return Double(cap)
    }

    private mutating func order(of draft: ChunkDraft, cap: Double) -> Double {
        var order = draft.loadOrder.map(Double.init) ?? cap
        if let argument = draft.order {
            switch argument.value.kind {
            case .int(let number): order = Double(number)
            case .double(let number) where number.isFinite: order = number
            case .string("first"): order = 0
            case .string("last"): order = cap + Self.far
            default:
                problems.append(
                    .error(
                        "\"order\" of \(draft.title) is not an order",
                        detail: "found \(argument.value.string.map { "\"\($0)\"" } ?? argument.value.kindName), "
                            + "expected a whole number, \"first\" or \"last\"",
                        mark: argument.value.mark ?? argument.mark))
                return cap
            }
        }
        order += Double(draft.number) / 10_000
        return order < 0 ? order + cap + Self.far : order
    }
}
