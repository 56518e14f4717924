package import Hypervisor
internal import Inventory
package import Values

/// How one move of many ended.
package struct MoveOutcome: Sendable {
    package enum End: Sendable {
        case moved(MigrationOutcome)
        /// It is where it was, and this is why.
        case notMoved(Diagnostic)
        /// It is not known where it runs.
        case unknown(Diagnostic)
        /// It goes on by itself.
        case detached
    }

    package let move: Relocation.Move
    package let end: End

    package var isMoved: Bool { if case .moved = end { true } else { false } }

    package var problem: Diagnostic? {
        switch end {
        case .notMoved(let problem), .unknown(let problem): problem
        case .moved, .detached: nil
        }
    }

    /// Stable API: the keys of `vm migrate`.
    package var value: Value {
        var fields = Mapping([
            ("vm", Value(move.vm)), ("from", Value(move.from)), ("to", Value(move.to)), ("result", Value(result)),
            ("mode", Value(move.isLive ? "live" : "offline")),
        ])
        if case .moved(let outcome) = end, let known = outcome.value.map { fields = fields.merged(with: known) }
        if let problem { fields["problem"] = Value(problem.summary) }
        return Value(fields)
    }

    /// `migrated`, `not-migrated`, `unknown`, `detached`.
    package var result: String {
        switch end {
        case .moved: "migrated"
        case .notMoved: "not-migrated"
        case .unknown: "unknown"
        case .detached: "detached"
        }
    }
}

/// Carries moves out, several at once: so many as neither the hosts nor the user mind.
struct MoveBatch: Sendable {
    /// Moves that one host may be the source, and again the destination, of at once.
    static let perHost = 2

    let context: FleetContext
    let driver: any HypervisorDriver
    let options: MigrationOptions
    /// Moves at once, in all.
    let parallel: Int
    /// After which none is begun (``Clock/monotonic``); nil for never.
    let end: UInt64?
    let tell: @Sendable (MoveOutcome) -> Void

    /// What was begun is seen through, also when the task is cancelled: then no further move is begun.
    /// - Returns: how each ended, in their order.
    func run(_ moves: [Relocation.Move]) async -> [MoveOutcome] {
        var waiting = Array(moves.indices)
        var outcomes: [Int: MoveOutcome] = [:]
        var busy: [String: Int] = [:]
        await withTaskGroup(of: (Int, MoveOutcome).self) { group in
            var running = 0
            while true {
                while running < max(1, parallel), !isOver, let next = next(waiting, moves, busy) {
                    waiting.removeAll { $0 == next }
                    for place in Self.places(moves[next]) { busy[place, default: 0] += 1 }
                    running += 1
                    group.addTask { (next, await carryOut(moves[next])) }
                }
                guard let (index, outcome) = await group.next() else { return }
                running -= 1
                for place in Self.places(moves[index]) { busy[place, default: 0] -= 1 }
                outcomes[index] = outcome
                tell(outcome)
            }
        }
        let reason = Task.isCancelled ? "interrupted before its turn came" : "the time was up before its turn came"
        return moves.indices.map { outcomes[$0] ?? MoveOutcome(move: moves[$0], end: .notMoved(.error(reason))) }
    }

    private var isOver: Bool { Task.isCancelled || end.map { Clock.monotonic >= $0 } ?? false }

    private static func places(_ move: Relocation.Move) -> [String] { ["from \(move.from)", "to \(move.to)"] }

    private func next(_ waiting: [Int], _ moves: [Relocation.Move], _ busy: [String: Int]) -> Int? {
        waiting.first { index in Self.places(moves[index]).allSatisfy { busy[$0, default: 0] < Self.perHost } }
    }

    private func carryOut(_ move: Relocation.Move) async -> MoveOutcome {
        // A task of its own, which is not cancelled with this one.
        let end = await Task { () -> MoveOutcome.End in
            do {
                let destination = try context.host(named: move.to)
                let migration = MachineMigration(context, driver: driver, options: options)
                let outcome = try await migration.migrate(move.vm, to: destination)
                if let unknown = outcome.unknown { return .unknown(unknown) }
                return outcome.isMigrated
                    ? .moved(outcome) : .notMoved(.error(outcome.problem ?? "libvirt did not move it", host: move.from))
            } catch let unknown as MigrationUnknown {
                return .unknown(unknown.diagnostic)
            } catch is MigrationDetached {
                return .detached
            } catch let found as Diagnostics {
                return .notMoved(Self.joined(found))
            } catch let locked as OperationLocked {
                return .notMoved(locked.diagnostic)
            } catch {
                return .notMoved(HostProblem(error, host: move.from).diagnostic)
            }
        }.value
        return MoveOutcome(move: move, end: end)
    }

    /// Everything that stands against a move, as one.
    private static func joined(_ found: Diagnostics) -> Diagnostic {
        var first = found.all[0]
        let others = found.all.dropFirst().map(\.summary)
        guard !others.isEmpty else { return first }
        first.detail = ([first.detail].compactMap { $0 } + others).joined(separator: "\n")
        return first
    }
}
