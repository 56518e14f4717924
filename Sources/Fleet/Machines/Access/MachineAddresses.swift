package import Hypervisor
package import Inventory
internal import Values

/// The addresses of a running VM, from everybody who may know: the guest's agent, libvirt's leases, the neighbour tables
/// of the host and of this machine, and, if asked for, the host's network.
package struct MachineAddresses: Sendable {
    private let context: FleetContext
    private let host: Host
    private let machine: DomainSummary
    private let connection: HypervisorConnection

    package init(
        _ context: FleetContext, host: Host, machine: DomainSummary, connection: HypervisorConnection
    ) {
        self.context = context
        self.host = host
        self.machine = machine
        self.connection = connection
    }

    /// What is known without asking the network.
    /// - Throws: `HypervisorError` when the host stops answering; a source that knows nothing is no failure.
    package func known() async throws(HypervisorError) -> [GuestAddress] {
        let description = try await connection.description(of: .uuid(machine.uuid))
        return try await known(description)
    }

    func known(_ description: DomainDescription) async throws(HypervisorError) -> [GuestAddress] {
        try await Self.known(description, of: machine, over: connection)
    }

    static func known(
        _ description: DomainDescription, of machine: DomainSummary, over connection: HypervisorConnection
    ) async throws(HypervisorError) -> [GuestAddress] {
        let macs = description.interfaces.map(\.mac)
        var found: [GuestAddress] = []
        for source in sources(description) {
            do throws(HypervisorError) {
                found += try await connection.addresses(of: .uuid(machine.uuid), source: source).map {
                    GuestAddress($0)
                }
            } catch {
                if error.isConnectionLoss { throw error }
            }
        }
        found += NeighbourTable.addresses(of: macs).map { GuestAddress(address: $0, mac: nil, source: .controller) }
        return GuestAddress.ranked(found, macs: macs)
    }

    /// What is known, and, while nothing that reaches beyond the link is, what the host finds when it asks its network.
    /// - Throws: `HypervisorError`, or ``HostProblem`` when the host cannot be reached by SSH for that.
    package func found() async throws -> [GuestAddress] {
        let description = try await connection.description(of: .uuid(machine.uuid))
        let known = try await known(description)
        guard !known.contains(where: { !$0.isLinkLocal }) else { return known }
        let shell = try await context.connector.connect(to: host)
        do {
            let asked = try await NeighbourProbe(description).addresses(on: shell, host: host.name)
            await shell.close()
            return GuestAddress.ranked(known + asked, macs: description.interfaces.map(\.mac))
        } catch {
            await shell.close()
            throw error
        }
    }

    /// The agent is asked only where it has opened its channel: one that is not there would cost seconds.
    private static func sources(_ description: DomainDescription) -> [DomainAddress.Source] {
        var sources: [DomainAddress.Source] = description.isAgentConnected ? [.agent] : []
        if description.interfaces.contains(where: { $0.type == "network" }) { sources.append(.lease) }
        return sources + [.arp]
    }
}
