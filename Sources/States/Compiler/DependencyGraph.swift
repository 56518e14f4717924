import Values

/// Who has to wait for whom.
///
/// Nodes are chunks; a chunk that a `prereq` names has a second node, its test, that runs before the
/// state with the `prereq` and waits for whatever the chunk itself waits for.
struct DependencyGraph {
    /// An edge to a dependent.
    struct Edge {
        var to: Int
        var kind: RequisiteKind
    }

    private(set) var dependents: [[Edge]]
    private(set) var dependencies: [[Edge]]
    /// The chunk of each node.
    private(set) var chunk: [Int]
    private var testNode: [Int: Int] = [:]

    init(_ drafts: [ChunkDraft]) {
        dependents = Array(repeating: [], count: drafts.count)
        dependencies = dependents
        chunk = Array(drafts.indices)
        for draft in drafts {
            for target in draft.requisites[.prereq, default: []].flatMap(\.chunks) where testNode[target] == nil {
                testNode[target] = chunk.count
                chunk.append(target)
                dependents.append([])
                dependencies.append([])
            }
        }
        for (here, draft) in drafts.enumerated() {
            for kind in RequisiteKind.ordering {
                let targets = draft.requisites[kind, default: []].flatMap(\.chunks)
                for target in targets { connect(here, kind, target) }
            }
        }
    }

    private mutating func connect(_ here: Int, _ kind: RequisiteKind, _ target: Int) {
        if kind == .prereq {
            if let test = testNode[target] { add(test, here, .prereq) }
            add(here, target, .prerequired)
        } else {
            if let test = testNode[here] { add(target, test, kind) }
            add(target, here, kind)
        }
    }

    private mutating func add(_ from: Int, _ to: Int, _ kind: RequisiteKind) {
        guard !dependents[from].contains(where: { $0.to == to && $0.kind == kind }) else { return }
        dependents[from].append(Edge(to: to, kind: kind))
        dependencies[to].append(Edge(to: from, kind: kind))
    }

    /// The earliest order among a node's dependents, of which only those of the weightiest kind so far count.
    func earliestDependent(of node: Int, orders: [Double]) -> Double {
        var weight = Int.min
        var earliest = Double.infinity
        for edge in dependents[node] where edge.kind.weight >= weight {
            weight = edge.kind.weight
            earliest = min(earliest, orders[chunk[edge.to]])
        }
        return earliest
    }
}
