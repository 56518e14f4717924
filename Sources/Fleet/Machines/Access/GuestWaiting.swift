internal import Hypervisor
internal import Inventory
internal import Values

/// Waits until the guest of a VM answers: by its agent, its address, its SSH server.
package struct GuestWaiting: Sendable {
    /// How far a guest has come.
    package enum Stage: Int, Sendable, Comparable {
        case running, agent, address, login

        package static func < (left: Stage, right: Stage) -> Bool { left.rawValue < right.rawValue }
    }

    /// What is waited for.
    package enum Goal: String, Sendable, CaseIterable {
        case agent, address, login

        var stage: Stage {
            switch self {
            case .agent: .agent
            case .address: .address
            case .login: .login
            }
        }
    }

    /// What was seen of the guest.
    package struct Answer: Sendable {
        package var stage: Stage = .running
        package var addresses: [GuestAddress] = []
        /// The address at which its SSH server showed the VM's host key, or any where the VM was given none.
        package var login: String?
        package var seconds: Double = 0
    }

    private let context: FleetContext
    private let driver: any HypervisorDriver
    private let say: @Sendable (String) -> Void

    /// - Parameter say: told of each stage, for a progress line.
    package init(
        _ context: FleetContext, driver: any HypervisorDriver, say: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        self.context = context
        self.driver = driver
        self.say = say
    }

    /// - Parameters:
    ///   - seconds: how long at most.
    ///   - goal: `login`: until its SSH server shows its key; `address`: until it has an address.
    /// - Throws: `Diagnostics` at the deadline, with the last stage reached and the end of what the guest printed on its
    ///   serial console meanwhile; ``HostProblem`` when its host is lost; `CancellationError`.
    package func wait(
        for found: MachineCensus.Found, seconds: Int, goal: Goal = .login
    ) async throws -> Answer {
        let connection = try await driver.connect(to: found.host)
        let tail = await ConsoleTail.open(.uuid(found.machine.uuid), over: connection)
        let watch = GuestWatch(context, found: found, connection: connection, goal: goal, say: say)
        let outcome = await within(.seconds(seconds)) { await watch.run() }
        let last = await watch.seen
        let printed = await tail?.lastLines() ?? []
        // A host that hangs must not hold up what is known of it.
        _ = await within(.seconds(2)) {
            await watch.close()
            await tail?.close()
            await connection.close()
        }
        switch outcome {
        case .success(let answer)?: return answer
        case .failure(let problem)? where problem is HostProblem || problem is CancellationError: throw problem
        case .failure(let problem)?:
            throw Diagnostics(Self.ended(found, (problem as? Diagnostics)?.all.first?.summary, last, printed))
        case nil:
            try Task.checkCancellation()
            throw Diagnostics(Self.late(found, seconds, goal, last, printed))
        }
    }

    private static func ended(
        _ found: MachineCensus.Found, _ why: String?, _ last: GuestWatch.Seen, _ printed: [String]
    ) -> Diagnostic {
        .error(
            why ?? "\"\(found.machine.name)\" does not run any more", detail: detail(last, printed),
            hint: "`drover vm console \(found.machine.name)` shows what it prints at its next start",
            host: found.host.name)
    }

    private static func late(
        _ found: MachineCensus.Found, _ seconds: Int, _ goal: Goal, _ last: GuestWatch.Seen, _ printed: [String]
    ) -> Diagnostic {
        let name = found.machine.name
        return .error(
            "\"\(name)\" runs, but its guest \(goal.missing) within \(seconds) s", detail: detail(last, printed),
            hint: "`drover vm console \(name)` shows what it does; --wait-for waits longer",
            host: found.host.name)
    }

    private static func detail(_ last: GuestWatch.Seen, _ printed: [String]) -> String {
        var lines = ["last stage: \(last.words)"]
        if let problem = last.problem { lines.append(problem) }
        if !printed.isEmpty { lines += ["last on its serial console:"] + printed.map { "  \(Printable.line($0))" } }
        return lines.joined(separator: "\n")
    }
}

extension GuestWaiting.Goal {
    fileprivate var missing: String {
        switch self {
        case .agent: "has not started its agent"
        case .address: "has shown no address"
        case .login: "does not let anybody in by SSH"
        }
    }
}
