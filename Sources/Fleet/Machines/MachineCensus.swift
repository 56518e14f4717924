package import Hypervisor
package import Inventory
package import Values

/// Which VMs there are and where: asked of every hypervisor at once, because libvirt on each host is the truth.
package struct MachineCensus: Sendable {
    /// What one host answered.
    package struct Answer: Sendable {
        package let host: Host
        package let machines: Result<[DomainSummary], HostProblem>
    }

    /// A VM and its host.
    package struct Found: Sendable {
        package let host: Host
        package let machine: DomainSummary
    }

    private let context: FleetContext
    private let driver: any HypervisorDriver

    package init(_ context: FleetContext, driver: any HypervisorDriver) {
        self.context = context
        self.driver = driver
    }

    /// Asks `hosts`, or every hypervisor of the inventory, each for no longer than the context's time.
    package func take(_ hosts: [Host]? = nil) async -> [Answer] {
        let answers = await fanOut(asked(hosts), limit: context.parallel) { host in await promptAnswer(of: host) }
        MachineMemory(context.directory).remember(answers)
        return answers
    }

    /// Where a VM is, for looking at it and nothing more: within the context's time, and without waiting for hosts that do
    /// not answer once it has been found. While it moves, it is where it runs.
    /// - Throws: `Diagnostics` when no host that answers has it, ``HostProblem`` when one that does not had it last.
    package func locate(_ name: String) async throws -> Found {
        let hosts = asked(nil)
        let answers = await withTaskGroup(of: Answer?.self, returning: [Answer].self) { group in
            for host in hosts { group.addTask { await promptAnswer(of: host) } }
            var answers: [Answer] = []
            var isFound = false
            while answers.count < hosts.count, let next = await group.next() {
                guard let answer = next else { break }
                answers.append(answer)
                guard !isFound, !Self.matches(name, in: [answer]).isEmpty else { continue }
                isFound = true
                // Others may have it too; those that answer at all do so about as fast.
                group.addTask {
                    try? await Task.sleep(for: .milliseconds(250))
                    return nil
                }
            }
            group.cancelAll()
            return answers
        }
        MachineMemory(context.directory).remember(answers)
        let running = Self.matches(name, in: answers).filter { $0.machine.state.activity == .running }
        if let only = running.first, running.count == 1 { return only }
        if Self.matches(name, in: answers).isEmpty { try refuseSilent(name, answers) }
        return try Self.one(name, among: answers)
    }

    /// A host's answer within the context's time, whatever hangs there.
    func promptAnswer(of host: Host) async -> Answer {
        await within(context.timeout) { await answer(of: host) }
            ?? Answer(host: host, machines: .failure(.silent(host, after: context.timeout)))
    }

    /// All of those asked that can have VMs.
    func asked(_ hosts: [Host]?) -> [Host] { (hosts ?? context.inventory.hosts).filter(\.isHypervisor) }

    private func answer(of host: Host) async -> Answer {
        do throws(HostProblem) {
            let connection = try await driver.connect(to: host)
            do throws(HypervisorError) {
                let machines = try await connection.domains()
                await DefinitionMemory(context.directory).refresh(machines, on: host, over: connection)
                await connection.close()
                return Answer(host: host, machines: .success(machines))
            } catch {
                await connection.close()
                throw HostProblem(error, host: host.name)
            }
        } catch {
            return Answer(host: host, machines: .failure(error))
        }
    }

    private static func matches(_ name: String, in answers: [Answer]) -> [Found] {
        answers.flatMap { answer in
            ((try? answer.machines.get()) ?? []).filter { $0.name == name || $0.uuid == name }
                .map { Found(host: answer.host, machine: $0) }
        }
    }

    /// A VM that a silent host had last is out of reach rather than missing.
    private func refuseSilent(_ name: String, _ answers: [Answer]) throws(HostProblem) {
        let memory = MachineMemory(context.directory)
        for answer in answers {
            guard case .failure(var problem) = answer.machines,
                memory.lastSeen(on: answer.host.name).contains(name)
            else { continue }
            let why = problem.diagnostic.summary
            problem.diagnostic.summary = "\"\(name)\" was last seen here, and the host does not answer"
            problem.diagnostic.detail = [why, problem.diagnostic.detail].compactMap { $0 }.joined(separator: "\n")
            throw problem
        }
    }

    /// The one host that has a VM of this name or UUID.
    /// - Throws: `Diagnostics` when none has it (naming hosts that did not answer) or several have.
    package func find(_ name: String) async throws(Diagnostics) -> Found {
        try Self.one(name, among: await take())
    }

    /// The same, for what would do harm if another host had the VM too.
    package func findSurely(_ name: String, assumedAbsent: [String]? = nil) async throws -> Found {
        try surely(name, among: await take(), assumedAbsent: assumedAbsent)
    }

    /// The one host that has a VM of this name or UUID, and no other. A host that does not answer is known not to have it
    /// when it had none of that name as it last answered: two hosts have the same VM only while it moves.
    /// - Parameter assumedAbsent: hosts that are said not to have it, whatever is known of them; nil where nobody can say so.
    /// - Throws: ``HostProblem`` of one that does not answer and may have it, or had it; `Diagnostics`.
    func surely(_ name: String, among answers: [Answer], assumedAbsent: [String]?) throws -> Found {
        if Self.matches(name, in: answers).isEmpty { try refuseSilent(name, answers) }
        let found = try Self.one(name, among: answers)
        let memory = MachineMemory(context.directory)
        for answer in answers where assumedAbsent?.contains(answer.host.name) != true {
            guard case .failure(var problem) = answer.machines else { continue }
            let last = memory.known(on: answer.host.name)
            guard last?.contains(found.machine.name) ?? true else { continue }
            let why = problem.diagnostic.summary
            problem.diagnostic.summary =
                "it cannot be known whether \(answer.host.name) has \"\(found.machine.name)\" too"
            problem.diagnostic.detail =
                "\(why)\n" + (last == nil ? "it has never answered" : "it had one of that name when it last answered")
            problem.diagnostic.hint =
                assumedAbsent == nil
                ? "have it answer, and try again"
                : "if it has not for sure, add --assume-absent \(answer.host.name)"
            throw problem
        }
        return found
    }

    /// The one VM of a name or UUID among what hosts answered.
    static func one(_ name: String, among answers: [Answer]) throws(Diagnostics) -> Found {
        let found = matches(name, in: answers)
        if let one = found.first, found.count == 1 { return one }
        guard found.isEmpty else {
            let places = found.map { "\($0.host.name) (\($0.machine.state.activity.name))" }.joined(separator: ", ")
            throw Diagnostics(
                .error("there are several VMs \"\(name)\"", detail: "on \(places)", hint: "run `drover op recover`"))
        }
        throw Diagnostics(missing(name, answers))
    }

    private static func missing(_ name: String, _ answers: [Answer]) -> Diagnostic {
        let known = answers.flatMap { (try? $0.machines.get()) ?? [] }.map(\.name)
        let silent = answers.filter { if case .failure = $0.machines { true } else { false } }.map(\.host.name)
        let near = NearestName.of(name, among: known).map { "did you mean \"\($0)\"?" }
        let detail = silent.isEmpty ? nil : "\(silent.joined(separator: ", ")) did not answer and may have it"
        return .error("there is no VM \"\(name)\"", detail: detail, hint: near ?? "`drover vm list` shows all")
    }
}

extension HostProblem {
    /// Nothing was heard of a host in time.
    static func silent(_ host: Host, after limit: Duration) -> HostProblem {
        HostProblem(
            .unreachable,
            .error(
                "no answer within \(limit.components.seconds) s",
                hint: "see that the machine is on and libvirtd runs on it; --timeout waits longer", host: host.name))
    }
}
