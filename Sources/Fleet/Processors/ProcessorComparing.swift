internal import Hypervisor
package import Inventory
internal import Values

/// Asks hypervisors for their processors and computes what is common to them.
package struct ProcessorComparing: Sendable {
    private let context: FleetContext
    private let driver: any HypervisorDriver

    package init(_ context: FleetContext, driver: any HypervisorDriver) {
        self.context = context
        self.driver = driver
    }

    /// - Returns: a baseline for each group of hosts, and the problems of those that could not be asked.
    package func baselines(of hosts: [Host]) async -> (baselines: [ProcessorBaseline], problems: [HostProblem]) {
        let hosts = hosts.filter(\.isHypervisor)
        let asked = await fanOut(hosts, limit: context.parallel) { host in
            await within(context.timeout) { await answer(of: host) }
                ?? .failure(HostProblem.silent(host, after: context.timeout))
        }
        var problems = asked.compactMap { if case .failure(let problem) = $0 { problem } else { nil } }
        let answers = asked.compactMap { try? $0.get() }
        var baselines: [ProcessorBaseline] = []
        for (_, group) in Dictionary(grouping: answers, by: \.group).sorted(by: { $0.key < $1.key }) {
            do throws(HostProblem) {
                baselines.append(try await baseline(of: group, hosts))
            } catch {
                problems.append(error)
            }
        }
        return (baselines, problems)
    }

    private func answer(of host: Host) async -> Result<ProcessorAnswer, HostProblem> {
        await visit(host) { connection throws(HypervisorError) in
            let guests = try await connection.hostInfo().capabilities.guests
            let hasKVM = guests.contains { $0.accelerators.contains("kvm") }
            let kind = GuestKind(accelerator: hasKVM ? .kvm : .emulation)
            guard let model = try await connection.hostModel(for: kind) else {
                throw HypervisorError(
                    code: .noSupport, message: "libvirt there does not say which processor it can give",
                    operation: "ask for the processor")
            }
            let whole = try await connection.baseline(of: [model], for: kind, expanded: true)
            let names = whole.all("feature").filter { $0[attribute: "policy"] != "disable" }
                .compactMap { $0[attribute: "name"] }
            return ProcessorAnswer(
                host: host.name, kind: kind, model: model, features: Set(names),
                machines: try await machines(over: connection))
        }
    }

    private func machines(
        over connection: HypervisorConnection
    ) async throws(HypervisorError) -> [(name: String, cpu: XMLElement)] {
        var found: [(name: String, cpu: XMLElement)] = []
        for machine in try await connection.domains() {
            guard let cpu = try await connection.description(of: .uuid(machine.uuid)).cpu, cpu.first("model") != nil
            else { continue }
            found.append((machine.name, cpu))
        }
        return found
    }

    private func baseline(of group: [ProcessorAnswer], _ hosts: [Host]) async throws(HostProblem) -> ProcessorBaseline {
        let kind = group[0].kind
        guard let first = hosts.first(where: { $0.name == group[0].host }) else {
            throw HostProblem(.failed, .error("no host of the group is known", host: group[0].host))
        }
        let cpu = try await visit(first) { connection throws(HypervisorError) in
            try await connection.baseline(of: group.map(\.model), for: kind)
        }.get()
        let lacking = ProcessorAnswer.lacking(group)
        let lines = group.map {
            ProcessorBaseline.HostLine(
                host: $0.host, model: $0.model.first("model")?.text ?? "", lacks: lacking[$0.host] ?? [])
        }
        return ProcessorBaseline(
            accelerator: kind.accelerator == .kvm ? "kvm" : "qemu", vendor: cpu.first("vendor")?.text, cpu: cpu,
            hosts: lines, machines: try await strangers(in: group, hosts))
    }

    /// The VMs that some host of the group cannot run as they are.
    private func strangers(
        in group: [ProcessorAnswer], _ hosts: [Host]
    ) async throws(HostProblem) -> [ProcessorBaseline.MachineLine] {
        let members = hosts.filter { host in group.contains { $0.host == host.name } }
        let wanted = Set(group.flatMap { $0.machines.map(\.cpu) })
        let refused = await fanOut(members, limit: context.parallel) { host in
            await visit(host) { connection throws(HypervisorError) in
                var refused: Set<XMLElement> = []
                for cpu in wanted where try await connection.fit(of: cpu, for: group[0].kind) == .incompatible {
                    refused.insert(cpu)
                }
                return refused
            }
        }
        var lines: [ProcessorBaseline.MachineLine] = []
        for answer in group {
            for machine in answer.machines {
                var elsewhere: [String] = []
                for (host, refusing) in zip(members, refused) where try refusing.get().contains(machine.cpu) {
                    elsewhere.append(host.name)
                }
                guard !elsewhere.isEmpty else { continue }
                lines.append(.init(vm: machine.name, host: answer.host, cannotRunOn: elsewhere))
            }
        }
        return lines
    }

    private func visit<Answer: Sendable>(
        _ host: Host, _ body: @Sendable (HypervisorConnection) async throws(HypervisorError) -> Answer
    ) async -> Result<Answer, HostProblem> {
        do {
            return .success(try await driver.visit(host, body))
        } catch let problem as HostProblem {
            return .failure(problem)
        } catch {
            return .failure(HostProblem(.failed, .error("\(error)", host: host.name)))
        }
    }
}
