internal import Inventory
internal import Values

/// All locks that this process holds on one host. They share one connection; those that are asked for at the same time
/// share a round trip; they are renewed until they are let go of.
actor LockPost {
    private typealias Waiting = CheckedContinuation<Result<LockAnswer, HostProblem>, Never>

    private let host: Host
    private let connector: any Connector
    private let places: LockPlaces
    private let patience: Duration
    private var opening: Task<Result<LockChannel, HostProblem>, Never>?
    /// What asks, or holds.
    private var users = 0
    private var waiting: [String: Waiting] = [:]
    private var outgoing: [UInt8] = []
    private var isWriting = false
    /// Locks with the moment of their last renewal (``Clock/monotonic``).
    private var held: [HostLock: UInt64] = [:]
    private var renewal: Task<Void, Never>?

    init(_ host: Host, connector: any Connector, places: LockPlaces, patience: Duration) {
        self.host = host
        self.connector = connector
        self.places = places
        self.patience = patience
    }

    /// Has the connection made while something else is awaited. To be let go of with ``leave()``.
    func enter(over given: (any HostConnection)? = nil) {
        users += 1
        Task { _ = try? await channel(over: given) }
    }

    func leave() {
        users -= 1
        guard users <= 0, let last = opening else { return }
        opening = nil
        renewal?.cancel()
        renewal = nil
        // Nobody waits for it, least of all for a host that does not answer.
        Task { if case .success(let channel) = await last.value { await channel.close() } }
    }

    /// Takes a lock, or says who holds it. One that a dead process of this machine left is taken from it.
    func take(_ lock: HostLock, for operation: String) async throws(HostProblem) -> LockAnswer {
        var broken = "-"
        while true {
            // Seen through though the task is cancelled: what is taken must be known, to be let go of.
            let began = Clock.monotonic
            let answer = try await ask("take", lock, [operation, broken])
            switch answer {
            case .taken:
                held[lock] = began
                keepRenewing()
            case .held(let holder) where holder.isGone && holder.nonce != broken:
                broken = holder.nonce
                continue
            default: break
            }
            return answer
        }
    }

    func drop(_ lock: HostLock) async {
        guard held.removeValue(forKey: lock) != nil else { return }
        _ = try? await ask("drop", lock)
    }

    /// Adds a line to what the host knows of an operation; nil for the line to have it forgotten.
    /// - Returns: whether it is on the host's disk.
    func note(_ line: String?, of operation: String, on subject: String) async -> Bool {
        let answer = try? await ask(
            line == nil ? "forget" : "note", HostLock(subject), [operation] + [line].compactMap { $0 })
        return answer == .noted
    }

    /// Whether nobody else can have it: it was renewed within its time.
    func isHeld(_ lock: HostLock) -> Bool {
        guard let renewed = held[lock] else { return false }
        return Clock.seconds(since: renewed) < Double(places.lifetime - 2)
    }

    private func keepRenewing() {
        guard renewal == nil else { return }
        let interval = Duration.milliseconds(places.lifetime * 1000 / 3)
        renewal = Task { [weak self] in
            while true {
                guard (try? await Task.sleep(for: interval)) != nil, let self else { return }
                await self.renewAll()
            }
        }
    }

    private func renewAll() async {
        await withTaskGroup(of: Void.self) { group in
            for lock in held.keys { group.addTask { await self.renew(lock) } }
        }
    }

    private func renew(_ lock: HostLock) async {
        let began = Clock.monotonic
        // A host that does not answer now is asked again; until when it counts, ``isHeld(_:)`` knows.
        guard let answer = try? await ask("renew", lock), held[lock] != nil else { return }
        held[lock] = answer == .renewed ? began : 0
    }

    private func channel(over given: (any HostConnection)? = nil) async throws(HostProblem) -> LockChannel {
        let task: Task<Result<LockChannel, HostProblem>, Never>
        if let opening {
            task = opening
        } else {
            task = Task { [host, connector, places, patience] in
                await within(patience) {
                    do throws(HostProblem) {
                        return .success(try await LockChannel.open(to: host, over: given, by: connector, places))
                    } catch {
                        return .failure(error)
                    }
                } ?? .failure(.silent(host, after: patience))
            }
            opening = task
            Task { await listen(task) }
        }
        return try await task.value.get()
    }

    private func listen(_ task: Task<Result<LockChannel, HostProblem>, Never>) async {
        if case .success(let channel) = await task.value {
            await channel.answers { nonce, answer in await give(nonce, .success(answer)) }
            await channel.close()
        }
        // Whoever comes next connects anew.
        if opening == task { opening = nil }
        let problem = HostProblem(.lost, .error("the connection that kept locks has ended", host: host.name))
        if opening == nil { for nonce in waiting.keys { give(nonce, .failure(problem)) } }
    }

    private func give(_ nonce: String, _ answer: Result<LockAnswer, HostProblem>) {
        waiting.removeValue(forKey: nonce)?.resume(returning: answer)
    }

    func ask(_ verb: String, _ lock: HostLock, _ more: [String] = []) async throws(HostProblem) -> LockAnswer {
        let channel = try await channel()
        let line = ([verb, lock.subject, lock.nonce] + more).joined(separator: " ") + "\n"
        let timer = Task { [host, patience] in
            try await Task.sleep(for: patience)
            give(lock.nonce, .failure(.silent(host, after: patience)))
        }
        defer { timer.cancel() }
        let result: Result<LockAnswer, HostProblem> = await withCheckedContinuation { continuation in
            waiting[lock.nonce] = continuation
            outgoing += Array(line.utf8)
            if !isWriting { Task { await write(to: channel) } }
            isWriting = true
        }
        return try result.get()
    }

    /// All that has come together meanwhile goes out at once.
    private func write(to channel: LockChannel) async {
        while !outgoing.isEmpty {
            let lines = outgoing
            outgoing = []
            // A channel that has ended is noticed by its reader.
            try? await channel.write(lines)
        }
        isWriting = false
    }
}
