package import Hypervisor
package import Inventory

/// The VMs of a fleet with their addresses, and the hosts that did not answer with what was last seen there.
package struct MachineListing: Sendable {
    package enum Line: Sendable {
        case machine(Host, DomainSummary, addresses: [String])
        case silent(Host, HostProblem, lastSeen: [String])
    }

    private let context: FleetContext
    private let driver: any HypervisorDriver

    package init(_ context: FleetContext, driver: any HypervisorDriver) {
        self.context = context
        self.driver = driver
    }

    /// In the hosts' order, the VMs of each by name.
    package func list(_ hosts: [Host]) async -> [Line] {
        let memory = MachineMemory(context.directory)
        let answers = await MachineCensus(context, driver: driver).take(hosts)
        return await fanOut(answers, limit: context.parallel) { answer in
            switch answer.machines {
            case .success(let machines): await lines(answer.host, machines)
            case .failure(let problem):
                [Line.silent(answer.host, problem, lastSeen: memory.lastSeen(on: answer.host.name))]
            }
        }.flatMap { $0 }
    }

    private func lines(_ host: Host, _ machines: [DomainSummary]) async -> [Line] {
        let connection = machines.contains { $0.state.isActive } ? try? await driver.connect(to: host) : nil
        var lines: [Line] = []
        for machine in machines {
            var addresses: [String] = []
            if let connection, machine.state.isActive {
                addresses = await Self.addresses(of: machine, over: connection)
            }
            lines.append(.machine(host, machine, addresses: addresses))
        }
        await connection?.close()
        return lines
    }

    /// What the leases, the host's neighbour table or this machine's own say; the guest agent is asked last, as a
    /// guest without one costs a wait.
    static func addresses(of machine: DomainSummary, over connection: HypervisorConnection) async -> [String] {
        for source in [DomainAddress.Source.lease, .arp] {
            let found = (try? await connection.addresses(of: .uuid(machine.uuid), source: source)) ?? []
            if !found.isEmpty { return Array(Set(found.map(\.address))).sorted() }
        }
        guard let description = try? await connection.description(of: .uuid(machine.uuid)) else { return [] }
        return NeighbourTable.addresses(of: description.interfaces.map(\.mac))
    }
}
