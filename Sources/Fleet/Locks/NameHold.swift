internal import Hypervisor
internal import Inventory
internal import Values

/// A name that is being locked for a VM that is to have it.
struct NameHold: Sendable {
    let hold: PendingHold
    private let name: String
    let assumedAbsent: [String]
    private let context: FleetContext
    private let driver: any HypervisorDriver

    /// - Parameter host: where the VM will be, if that is known.
    init(
        _ name: String, for operation: String, on host: Host? = nil, _ assumedAbsent: [String], _ context: FleetContext,
        _ driver: any HypervisorDriver
    ) {
        hold = PendingHold(
            context, HostLocks.Wish(machine: name, operation: operation, on: [host].compactMap { $0 }))
        self.name = name
        self.assumedAbsent = assumedAbsent
        self.context = context
        self.driver = driver
    }

    /// Locks it on the host that was chosen too, and makes sure on every host that it is free still.
    /// - Parameters:
    ///   - connections: those that are open, by host.
    ///   - census: what several creations at once share.
    func take(
        on host: Host, _ connections: [String: HypervisorConnection] = [:], census: FreshCensus? = nil
    ) async throws {
        try await refuseTaken(try await hold.adding(host), connections, census: census)
    }

    /// Now that nobody else can take it: that it was free was seen before.
    private func refuseTaken(
        _ held: HostHold, _ connections: [String: HypervisorConnection], census: FreshCensus?
    ) async throws {
        let asked = MachineCensus(context, driver: driver).asked(nil)
        if let census {
            return try MachineName.refuseTaken(
                name, await census.answers(since: held.since), assumedAbsent: assumedAbsent)
        }
        let others = asked.filter { connections[$0.name] == nil }
        async let rest = others.isEmpty ? [] : MachineCensus(context, driver: driver).take(others)
        let near = await fanOut(asked.filter { connections[$0.name] != nil }, limit: context.parallel) { host in
            await answer(of: host, over: connections[host.name])
        }
        try MachineName.refuseTaken(name, near + (await rest), assumedAbsent: assumedAbsent)
    }

    private func answer(of host: Host, over connection: HypervisorConnection?) async -> MachineCensus.Answer {
        do throws(HypervisorError) {
            let machine = try await connection?.domain(.name(name))
            return MachineCensus.Answer(host: host, machines: .success([machine].compactMap { $0 }))
        } catch {
            return MachineCensus.Answer(host: host, machines: .failure(HostProblem(error, host: host.name)))
        }
    }
}
