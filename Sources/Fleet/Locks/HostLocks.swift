internal import Inventory
internal import Logging
internal import Values

/// Keeps controllers from working on the same thing at once: locks on the hosts themselves, which every copy of the fleet
/// directory meets.
///
/// The first is on the host that the subject's name leads to (``LockHome``), then one on each host that is worked on, by
/// name: one order for everyone, so that of two who meet one goes on. A host that is reached by libvirt only, or by an
/// account that is not root's, is left out: its home stands for it. Where no host can lock, only the fleet directory's own
/// lock counts, and the log says so.
struct HostLocks: Sendable {
    let context: FleetContext

    init(_ context: FleetContext) { self.context = context }

    /// What is to be locked, and where.
    struct Wish: Sendable {
        let subject: String
        /// What it is called in messages.
        let meaning: String
        /// What is done: `migrate`, `create`.
        let operation: String
        /// Those that are worked on.
        var hosts: [Host] = []
        /// The operation that is to be settled: its own record does not stand against it.
        var settles: String?
        /// Connections that are open already, by host.
        var open: [String: any HostConnection] = [:]

        /// All that is done to a VM of a name.
        init(machine name: String, operation: String, on hosts: [Host] = []) {
            subject = "vm-\(name)"
            meaning = "the VM \"\(name)\""
            self.operation = operation
            self.hosts = hosts
        }
    }

    /// - Throws: ``OperationLocked`` when somebody has it; `Diagnostics` while an operation is not settled that another
    ///   controller began.
    func take(_ wish: Wish) async throws -> HostHold {
        let home = LockHome.hosts(for: wish.subject, among: context.inventory.hosts)
        var entered: [String: LockPost] = [:]
        // All connections come about at once; only the locks are taken one after another.
        for host in home.prefix(1) + wish.hosts where entered[host.name] == nil {
            entered[host.name] = await enter(host, wish)
        }
        var hold = HostHold(meaning: wish.meaning)
        do {
            for host in home {
                let post = if let open = entered[host.name] { open } else { await enter(host, wish) }
                entered[host.name] = post
                if try await take(wish, on: host, post, &hold) { break }
            }
            for host in wish.hosts.sorted(by: { $0.name < $1.name }) {
                guard !hold.parts.contains(where: { $0.host.name == host.name }), let post = entered[host.name] else {
                    continue
                }
                _ = try await take(wish, on: host, post, &hold)
            }
        } catch {
            await leave(entered, except: hold)
            await hold.release()
            throw error
        }
        await leave(entered, except: hold)
        if hold.parts.isEmpty {
            context.logger.warning(
                "no host could lock \(wish.meaning): another controller is not kept from working on it")
        }
        return hold
    }

    /// The lock on one more host, which was chosen since.
    /// - Parameter held: what is held already; it stays so whatever comes of this.
    /// - Returns: all that is held.
    func take(_ wish: Wish, alsoOn host: Host, _ held: HostHold) async throws -> HostHold {
        let post = await enter(host, wish)
        var hold = held
        do {
            _ = try await take(wish, on: host, post, &hold)
        } catch {
            if hold.parts.count == held.parts.count { await post.leave() }
            await HostHold(meaning: wish.meaning, Array(hold.parts.dropFirst(held.parts.count))).release()
            throw error
        }
        if hold.parts.count == held.parts.count { await post.leave() }
        return hold
    }

    private func enter(_ host: Host, _ wish: Wish) async -> LockPost {
        let post = await context.locks.post(host, context.connector, patience: context.timeout)
        await post.enter(over: wish.open[host.name])
        return post
    }

    /// Each hold keeps its own posts open.
    private func leave(_ entered: [String: LockPost], except hold: HostHold) async {
        for (name, post) in entered where !hold.parts.contains(where: { $0.host.name == name }) { await post.leave() }
    }

    /// - Returns: whether the host could.
    private func take(
        _ wish: Wish, on host: Host, _ post: LockPost, _ hold: inout HostHold
    ) async throws -> Bool {
        let lock = HostLock(wish.subject)
        let answer: LockAnswer
        do throws(HostProblem) {
            answer = try await post.take(lock, for: wish.operation)
        } catch {
            context.logger.debug("\(host.name) locks nothing: \(error.diagnostic.summary)")
            return false
        }
        switch answer {
        case .taken(let unsettled):
            hold.add(HostHold.Part(host: host, post: post, lock: lock, unsettled: Set(unsettled)))
            guard let open = unsettled.first(where: { $0 != wish.settles }) else { return true }
            throw Diagnostics(
                .error(
                    "the operation \(open) on \(wish.meaning) is not settled", detail: "its record is on the host",
                    hint: "run `drover op recover \(open)` first", host: host.name))
        // Two names of one machine.
        case .held(let holder) where hold.has(holder.nonce): return true
        case .held(let holder): throw OperationLocked(meaning: wish.meaning, holder: holder, host: host.name)
        default:
            context.logger.debug("\(host.name) locks nothing: \(answer)")
            return false
        }
    }
}
