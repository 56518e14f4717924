internal import Inventory
internal import Values

/// Locks on hosts that are being taken while something else is awaited.
actor PendingHold {
    private let locks: HostLocks
    private let wish: HostLocks.Wish
    private let first: Task<HostHold, any Error>
    private var whole: HostHold?

    init(_ context: FleetContext, _ wish: HostLocks.Wish) {
        let locks = HostLocks(context)
        self.locks = locks
        self.wish = wish
        first = Task { try await locks.take(wish) }
    }

    /// What is held once it has been taken.
    /// - Throws: as ``HostLocks/take(_:)``.
    var value: HostHold { get async throws { try await first.value } }

    /// Holds it while `body` is at work.
    nonisolated func during<Answer: Sendable>(_ body: () async throws -> Answer) async throws -> Answer {
        do {
            let answer = try await body()
            await release()
            return answer
        } catch {
            // Who is kept from it by somebody else is to hear that, not what came of it.
            if !(error is OperationLocked), case .failure(let locked as OperationLocked) = await first.result {
                throw locked
            }
            await release()
            throw error
        }
    }

    private func release() async {
        if let whole { return await whole.release() }
        await (try? first.value)?.release()
    }

    /// Besides, the lock on a host that was chosen meanwhile.
    /// - Returns: all that is held.
    func adding(_ host: Host) async throws -> HostHold {
        let held = try await first.value
        guard !held.parts.contains(where: { $0.host.name == host.name }) else { return held }
        let all = try await locks.take(wish, alsoOn: host, held)
        whole = all
        return all
    }
}
