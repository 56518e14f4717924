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
    let context: FleetContext
    let driver: any HypervisorDriver
    let options: MigrationOptions
    /// Moves at once, in all.
    let parallel: Int
    /// When those under way are called off, and none is begun any more (``Clock/monotonic``); nil for never.
    let end: UInt64?
    let tell: @Sendable (MoveOutcome) -> Void

    /// What was begun is seen through, also when the task is cancelled: then no further move is begun.
    /// - Returns: how each ended, in their order.
    func run(_ moves: [Relocation.Move]) async -> [MoveOutcome] {
        let stop = MigrationControl()
        return await withTaskCancellationHandler {
            // A task of its own, which is not cancelled with this one.
            await Task { await run(moves) { !stop.isCancelled } }.value
        } onCancel: {
            stop.cancel()
        }
    }

    private func run(_ moves: [Relocation.Move], mayBegin: @escaping @Sendable () -> Bool) async -> [MoveOutcome] {
        var places: [(vm: String, to: Host)] = []
        for move in moves {
            guard let host = try? context.host(named: move.to) else { return [] }
            places.append((move.vm, host))
        }
        let control = MigrationControl()
        var timer: Task<Void, any Error>?
        if let end {
            timer = Task {
                try await Task.sleep(for: .nanoseconds(Int64(end - min(end, Clock.monotonic))))
                control.cancel()
            }
        }
        defer { timer?.cancel() }
        let batch = MigrationBatch(
            context, driver: driver, options: options, limits: .init(perHost: 2, total: parallel), control: control)
        let ends = await batch.run(
            places, mayBegin: { mayBegin() && !control.isCancelled },
            ended: { index, result in tell(MoveOutcome(move: moves[index], end: Self.end(of: result, moves[index]))) },
            tell: { _, _ in })
        let reason = control.isCancelled ? "the time was up" : "interrupted"
        return zip(moves, ends).map { move, ended in
            if case .failure(let error) = ended.result, error is CancellationError {
                return MoveOutcome(move: move, end: .notMoved(.error("\(reason) before its turn came")))
            }
            return MoveOutcome(move: move, end: Self.end(of: ended.result, move))
        }
    }

    private static func end(
        of result: Result<MigrationOutcome, any Error>, _ move: Relocation.Move
    ) -> MoveOutcome.End {
        do {
            let outcome = try result.get()
            if let unknown = outcome.unknown { return .unknown(unknown) }
            return outcome.isMigrated
                ? .moved(outcome) : .notMoved(.error(outcome.problem ?? "libvirt did not move it", host: move.from))
        } catch let unknown as MigrationUnknown {
            return .unknown(unknown.diagnostic)
        } catch is MigrationDetached {
            return .detached
        } catch let found as Diagnostics {
            return .notMoved(joined(found))
        } catch let locked as OperationLocked {
            return .notMoved(locked.diagnostic)
        } catch {
            return .notMoved(HostProblem(error, host: move.from).diagnostic)
        }
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
