internal import Hypervisor
internal import Inventory
internal import Values

/// Where a VM is that an unfinished operation is about: asked of every host, but only those have to answer that matter.
struct Whereabouts: Sendable {
    private let answers: [MachineCensus.Answer]
    private let uuid: String
    /// The host that the operation works on.
    private let host: String

    /// - Throws: ``HostProblem`` when that host does not answer.
    init(_ uuid: String, of host: String, _ context: FleetContext, _ driver: any HypervisorDriver) async throws {
        answers = await MachineCensus(context, driver: driver).take()
        self.uuid = uuid
        self.host = host
        guard let own = answers.first(where: { $0.host.name == host }) else {
            throw HostProblem(.failed, .error("it is no hypervisor any more", host: host))
        }
        _ = try own.machines.get()
    }

    /// Every VM of every host that answers, with its host's name.
    private var machines: [(host: String, machine: DomainSummary)] {
        answers.flatMap { answer in
            ((try? answer.machines.get()) ?? []).map { (answer.host.name, $0) }
        }
    }

    /// On the operation's own host.
    var here: DomainSummary? { machines.first { $0.host == host && $0.machine.uuid == uuid }?.machine }

    /// On another host that answers.
    var elsewhere: DomainSummary? { machines.first { $0.host != host && $0.machine.uuid == uuid }?.machine }

    /// Whether a host that answers has another VM of this name.
    func isTaken(_ name: String?) -> Bool {
        machines.contains { $0.machine.name == name && $0.machine.uuid != uuid }
    }

    /// To be asked before anything is removed from the VM's own host, which has not got it any more.
    /// - Throws: ``HostProblem`` of a host that does not answer and may have it by now, with disks that both may see.
    func demandNowhereElse() throws {
        for answer in answers {
            guard case .failure(var problem) = answer.machines else { continue }
            problem.diagnostic.detail = [problem.diagnostic.summary, problem.diagnostic.detail].compactMap { $0 }
                .joined(separator: "\n")
            problem.diagnostic.summary = "it cannot be known whether the VM has moved here"
            problem.diagnostic.hint = "run `drover op recover` when it answers"
            throw problem
        }
    }
}
