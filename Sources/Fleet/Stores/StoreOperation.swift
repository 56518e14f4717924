internal import Hypervisor
internal import Inventory
internal import Values

/// A change to a pool, network or volume of one host: nobody else is at it, it is written down before it begins, and a
/// failure takes it back by the same way as `op recover`.
struct StoreOperation: Sendable {
    enum Kind: String, Sendable { case pool, network, volume }

    let context: FleetContext
    let host: Host
    let kind: Kind
    /// The pool, the network, or `pool/volume`.
    let name: String

    private var subject: String {
        "\(kind.rawValue)-\(host.name)-\(String(name.map { $0 == "/" ? ":" : $0 }))"
    }

    /// Keeps others away meanwhile.
    /// - Parameter isCheck: nobody is kept away.
    /// - Throws: ``OperationLocked``; `Diagnostics` while an earlier operation on it is not settled.
    func locked<Answer>(unless isCheck: Bool = false, _ body: () async throws -> Answer) async throws -> Answer {
        if isCheck { return try await body() }
        let meaning = "the \(kind.rawValue) \"\(name)\" of \(host.name)"
        let lock = try OperationLock(context.directory, subject, meaning: meaning)
        defer { withExtendedLifetime(lock) {} }
        let open = Journal(context.directory).unfinished().first { $0["lock"]?.string == subject }
        if let open {
            throw Diagnostics(
                .error(
                    "the operation \(open.id) on the \(kind.rawValue) \"\(name)\" is not settled",
                    hint: "run `drover op recover \(open.id)` first", host: host.name))
        }
        let wish = HostLocks.Wish(subject, meaning: meaning, operation: kind.rawValue, of: host)
        return try await HostLocks(context).holding(wish, body)
    }

    /// Makes a volume that a failure then takes back; not when somebody else has made one of its name just before.
    func making(
        _ spec: VolumeSpec, _ log: OperationLog, _ make: () async throws -> VolumeInfo
    ) async throws {
        try log.record("making", Mapping([("capacity", Value("\(spec.capacity)"))]))
        do {
            _ = try await make()
        } catch let error as HypervisorError where error.code == .volumeExists {
            try log.record("taken")
            throw error
        }
        try log.record("made")
    }

    /// Does what the journal then knows of. What fails or is interrupted is taken back as far as it can be.
    /// - Parameters:
    ///   - act: `create`, `update`, `delete`, ...
    ///   - fields: what taking it back needs to know.
    func journaled(
        _ act: String, _ fields: [(String, Value)], over connection: HypervisorConnection,
        _ body: (OperationLog) async throws -> Void
    ) async throws {
        let journal = Journal(context.directory)
        let log = try journal.begin(
            kind.rawValue,
            Mapping(
                [
                    ("act", Value(act)), ("host", Value(host.name)), ("name", Value(name)),
                    ("subject", Value("\(kind.rawValue) \(name) on \(host.name)")), ("lock", Value(subject)),
                ] + fields))
        do {
            try await body(log)
            try log.record("finished")
        } catch {
            // Runs to its end though the task was cancelled.
            let settling = await Task { () -> HostProblem? in
                guard let record = journal.operation(log.id) else { return nil }
                do {
                    try log.record(try await StoreSettlement(record, over: connection).settle())
                    return nil
                } catch {
                    return HostProblem(error, host: host.name)
                }
            }.value
            guard let settling else { throw error }
            throw unsettled(log.id, after: HostProblem(error, host: host.name), because: settling.diagnostic)
        }
    }

    /// What went wrong, and that it could not be taken back.
    private func unsettled(_ id: String, after problem: HostProblem, because: Diagnostic) -> HostProblem {
        var problem = problem
        let reasons = [because.summary, because.detail].compactMap { $0 }.joined(separator: "\n")
        problem.diagnostic.detail = [problem.diagnostic.detail, "what was done could not be taken back: \(reasons)"]
            .compactMap { $0 }.joined(separator: "\n")
        problem.diagnostic.hint = "run `drover op recover \(id)` when that is mended"
        return problem
    }
}
