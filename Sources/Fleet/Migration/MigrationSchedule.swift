/// Which of several migrations go on at once: each host sends and takes only so many, and so does each way between two.
struct MigrationSchedule: Sendable {
    struct Move: Sendable, Hashable {
        /// Nil where it is not known: such a move fails by itself.
        var from: String?
        var to: String
    }

    private let moves: [Move]
    private let limits: MigrationBatch.Limits
    private var waiting: [Int]
    private var running: Set<Int> = []

    init(_ moves: [Move], limits: MigrationBatch.Limits) {
        self.moves = moves
        self.limits = limits
        waiting = Array(moves.indices)
    }

    /// Those that may begin now, first come first served; they count as running.
    mutating func begin() -> [Int] {
        var begun: [Int] = []
        for index in waiting where hasRoom(for: moves[index]) {
            running.insert(index)
            begun.append(index)
        }
        waiting.removeAll(where: running.contains)
        return begun
    }

    mutating func end(_ index: Int) { running.remove(index) }

    private func hasRoom(for move: Move) -> Bool {
        let now = running.map { moves[$0] }
        guard now.count < limits.total, now.count(where: { $0.to == move.to }) < limits.incoming else { return false }
        guard let from = move.from else { return true }
        return now.count { $0.from == from } < limits.outgoing && now.count { $0 == move } < limits.link
    }
}
