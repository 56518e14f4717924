import Values

/// Finds the circles among nodes that wait for one another, and words them.
struct CycleReport {
    private(set) var problems: [Diagnostic] = []
    private let drafts: [ChunkDraft]
    private let graph: DependencyGraph

    init(_ graph: DependencyGraph, drafts: [ChunkDraft], stuck: [Int]) {
        self.graph = graph
        self.drafts = drafts
        let blocked = Set(stuck)
        var visited: Set<Int> = []
        for start in stuck where !visited.contains(start) {
            // Every stuck node waits for a stuck node, so that this walk comes round or meets an older walk.
            var path: [(node: Int, kind: RequisiteKind)] = []
            var here = start
            while visited.insert(here).inserted {
                guard let edge = graph.dependencies[here].first(where: { blocked.contains($0.to) }) else { break }
                path.append((here, edge.kind))
                here = edge.to
            }
            if let first = path.firstIndex(where: { $0.node == here }) { problems.append(word(Array(path[first...]))) }
        }
    }

    private func word(_ cycle: [(node: Int, kind: RequisiteKind)]) -> Diagnostic {
        var clauses: [String] = []
        var places: [String] = []
        var mark: Mark?
        for (index, step) in cycle.enumerated() {
            let here = graph.chunk[step.node]
            let next = graph.chunk[cycle[(index + 1) % cycle.count].node]
            // The test of a prereq's target and the target itself are one to people.
            if here == next, cycle.count > 1 { continue }
            clauses.append("\(drafts[here].title) \(step.kind.verb) \(drafts[next].title)")
            let place = reference(from: here, to: next, step.kind)
            if let place { places.append("\(place)") }
            mark = mark ?? place
        }
        return .error(
            "states wait for one another in a circle",
            detail: clauses.joined(separator: ", ") + (places.isEmpty ? "" : "\nsee " + places.joined(separator: ", ")),
            hint: "remove one of these requisites", mark: mark)
    }

    /// Where the requisite stands that makes one chunk wait for the other.
    private func reference(from here: Int, to next: Int, _ kind: RequisiteKind) -> Mark? {
        let (owner, target, written) = kind == .prerequired ? (next, here, .prereq) : (here, next, kind)
        return drafts[owner].requisites[written]?.first { $0.chunks.contains(target) }?.mark
    }
}
