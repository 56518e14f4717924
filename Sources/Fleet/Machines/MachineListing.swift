package import Hypervisor
package import Inventory

/// The VMs of a fleet with their addresses, and the hosts that did not answer with what was last seen there.
package struct MachineListing: Sendable {
    /// A VM as a list shows it.
    package struct Row: Sendable {
        package var host: Host
        package var machine: DomainSummary
        package var addresses: [GuestAddress] = []
        /// How many it has; nil where the hypervisor has none.
        package var snapshots: Int?
    }

    package enum Line: Sendable {
        case machine(Row)
        case silent(Host, HostProblem, lastSeen: [String])
    }

    private let context: FleetContext
    private let driver: any HypervisorDriver

    package init(_ context: FleetContext, driver: any HypervisorDriver) {
        self.context = context
        self.driver = driver
    }

    /// In the hosts' order, the VMs of each by name; within the context's time, whatever any host does.
    package func list(_ hosts: [Host]) async -> [Line] {
        let memory = MachineMemory(context.directory)
        let asked = hosts.filter(\.isHypervisor)
        // Waiting costs nothing: a dead host must not take the turn of one that lives.
        let answers = await fanOut(asked, limit: max(context.parallel, 1024)) { host in
            await within(context.timeout) { await rows(of: host) } ?? .failure(.silent(host, after: context.timeout))
        }
        memory.remember(
            zip(asked, answers).map { host, rows in
                MachineCensus.Answer(host: host, machines: rows.map { $0.map(\.machine) })
            })
        return zip(asked, answers).flatMap { host, rows -> [Line] in
            switch rows {
            case .success(let rows): rows.map(Line.machine)
            case .failure(let problem): [.silent(host, problem, lastSeen: memory.lastSeen(on: host.name))]
            }
        }
    }

    private func rows(of host: Host) async -> Result<[Row], HostProblem> {
        do throws(HostProblem) {
            let connection = try await driver.connect(to: host)
            do throws(HypervisorError) {
                let survey = try await connection.survey()
                let machines = survey.map(\.summary)
                await DefinitionMemory(context.directory).refresh(machines, on: host, over: connection)
                async let neighbours = neighbours(survey, on: host)
                var rows = await fanOut(survey, limit: 16) { domain in
                    Row(
                        host: host, machine: domain.summary, addresses: await Self.addresses(of: domain, connection),
                        snapshots: domain.snapshots)
                }
                let seen = await neighbours
                for index in rows.indices where rows[index].addresses.allSatisfy(\.isLinkLocal) {
                    let macs = survey[index].description.interfaces.map { $0.mac.lowercased() }
                    let own = seen.filter { macs.contains($0.mac ?? "") }
                    rows[index].addresses = GuestAddress.ranked(rows[index].addresses + own, macs: macs)
                }
                await connection.close()
                return .success(rows)
            } catch {
                await connection.close()
                throw HostProblem(error, host: host.name)
            }
        } catch {
            return .failure(error)
        }
    }

    /// What the host's own tools say of its neighbours, for guests that libvirt knows no address of (its reading of that
    /// table fails on some kernels). A host without SSH has to do without.
    private func neighbours(_ survey: [DomainSurvey], on host: Host) async -> [GuestAddress] {
        let unknown = survey.filter { domain in
            domain.summary.state.isActive && !domain.description.bridges.isEmpty
                && domain.addresses.allSatisfy { GuestAddress($0).isLinkLocal }
        }.map(\.description)
        guard !unknown.isEmpty else { return [] }
        return await within(.seconds(3)) { () -> [GuestAddress] in
            guard let shell = try? await context.connector.connect(to: host) else { return [] }
            let seen = try? await NeighbourProbe(unknown).addresses(on: shell, host: host.name, asking: false)
            await shell.close()
            return seen ?? []
        } ?? []
    }

    /// What the leases and the neighbour tables say; the guest agent is asked where nobody else knows, and not for long.
    private static func addresses(of domain: DomainSurvey, _ connection: HypervisorConnection) async -> [GuestAddress] {
        guard domain.summary.state.isActive else { return [] }
        let macs = domain.description.interfaces.map(\.mac)
        var found = domain.addresses.map { GuestAddress($0) }
        found += NeighbourTable.addresses(of: macs).map { GuestAddress(address: $0, mac: nil, source: .controller) }
        if found.allSatisfy(\.isLinkLocal), domain.description.isAgentConnected {
            let told = await within(.seconds(2)) {
                try? await connection.addresses(of: .uuid(domain.summary.uuid), source: .agent)
            }
            found += (told ?? nil).map { $0.map { GuestAddress($0) } } ?? []
        }
        return GuestAddress.ranked(found, macs: macs)
    }

    /// The addresses of one VM as far as they are known without asking its network, the best one first.
    static func addresses(of machine: DomainSummary, over connection: HypervisorConnection) async -> [String] {
        guard let description = try? await connection.description(of: .uuid(machine.uuid)) else { return [] }
        let known = try? await MachineAddresses.known(description, of: machine, over: connection)
        return known?.map(\.address) ?? []
    }
}
