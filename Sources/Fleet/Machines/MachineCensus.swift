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

    /// Asks `hosts`, or every hypervisor of the inventory.
    package func take(_ hosts: [Host]? = nil) async -> [Answer] {
        let asked = (hosts ?? context.inventory.hosts).filter(\.isHypervisor)
        let answers = await fanOut(asked, limit: context.parallel) { host in
            do throws(HostProblem) {
                let connection = try await driver.connect(to: host)
                do throws(HypervisorError) {
                    let machines = try await connection.domains()
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
        MachineMemory(context.directory).remember(answers)
        return answers
    }

    /// The one host that has a VM of this name or UUID.
    /// - Throws: `Diagnostics` when none has it (naming hosts that did not answer) or several have.
    package func find(_ name: String) async throws(Diagnostics) -> Found {
        try Self.one(name, among: await take())
    }

    /// The same, for what would do harm if another host had the VM too: every hypervisor must answer.
    /// - Throws: ``HostProblem`` of one that does not.
    package func findSurely(_ name: String) async throws -> Found {
        let answers = await take()
        for answer in answers { _ = try answer.machines.get() }
        return try Self.one(name, among: answers)
    }

    /// The one VM of a name or UUID among what hosts answered.
    static func one(_ name: String, among answers: [Answer]) throws(Diagnostics) -> Found {
        let found = answers.flatMap { answer in
            ((try? answer.machines.get()) ?? []).filter { $0.name == name || $0.uuid == name }
                .map { Found(host: answer.host, machine: $0) }
        }
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
