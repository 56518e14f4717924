internal import Hypervisor
package import Inventory
package import Values

/// The VMs of a fleet as hosts of the group `vms`: their address as their hypervisor knows it, that hypervisor as jump
/// host, and the SSH host key that they were given at first boot.
package struct GuestHosts: Sendable {
    /// A VM, and where it runs.
    struct Sighting: Sendable {
        /// Without its address yet; one that cannot be reached says why.
        let host: Host
        let origin: MachineCensus.Found?
    }

    private let context: FleetContext
    private let driver: any HypervisorDriver

    package init(_ context: FleetContext, driver: any HypervisorDriver) {
        self.context = context
        self.driver = driver
    }

    /// These VMs, each once; one that cannot be reached says why.
    package func named(_ names: [String]) async -> [Host] {
        let wanted = Set(names)
        return await reached(sightings().filter { wanted.contains($0.host.name) })
    }

    /// Every VM that a hypervisor has, that one which does not answer was last seen to have, or that the inventory
    /// names.
    func sightings() async -> [Sighting] {
        let memory = MachineMemory(context.directory)
        let found = await MachineCensus(context, driver: driver).take().flatMap { answer in
            switch answer.machines {
            case .success(let machines): machines.map { sighting($0, on: answer.host) }
            case .failure(let problem):
                memory.lastSeen(on: answer.host.name).map { name in
                    unreachable(
                        name, "its hypervisor \(answer.host.name) does not answer", detail: problem.diagnostic.summary)
                }
            }
        }
        let names = Set(found.map(\.host.name))
        let missing = context.inventory.machines.filter { !names.contains($0.name) }.map { entry in
            unreachable(entry.name, "there is no such VM yet", hint: "`drover vm apply` makes it")
        }
        return Self.once(found) + missing
    }

    /// Asks each hypervisor once for the addresses of its VMs.
    func reached(_ seen: [Sighting]) async -> [Host] {
        let groups = Dictionary(grouping: seen.compactMap(\.origin)) { $0.host.name }
        let found = await fanOut(Array(groups.values), limit: context.parallel) { await addresses(of: $0) }
        let known = found.reduce(into: [:]) { $0.merge($1) { first, _ in first } }
        return seen.map { sighting in
            guard let origin = sighting.origin else { return sighting.host }
            guard let address = known[origin.machine.uuid] else {
                return unreachable(
                    origin.machine.name, "no address of the VM is known on \(origin.host.name)",
                    hint: "it may still be booting; `drover vm list` shows addresses as they become known"
                ).host
            }
            var host = context.inventory.guest(
                origin.machine.name, address: address,
                jump: origin.host.connection == .local ? nil : origin.host.name)
            host.hostKey = origin.machine.metadata?.hostKey
            return host
        }
    }

    private func addresses(of machines: [MachineCensus.Found]) async -> [String: String] {
        var result: [String: String] = [:]
        var unknown: [MachineCensus.Found] = []
        for found in machines {
            let spec = try? context.inventory.machineSpec(found.machine.name)
            if let given = spec?.nics.compactMap(\.address).first {
                result[found.machine.uuid] = String(given.prefix { $0 != "/" })
            } else {
                unknown.append(found)
            }
        }
        guard let host = unknown.first?.host, let connection = try? await driver.connect(to: host) else {
            return result
        }
        let places = await fanOut(unknown, limit: 8) { found -> DomainDescription? in
            try? await connection.description(of: .uuid(found.machine.uuid))
        }
        var silent: [(uuid: String, description: DomainDescription)] = []
        for (found, place) in zip(unknown, places) {
            guard let place else { continue }
            let known = try? await MachineAddresses.known(place, of: found.machine, over: connection)
            if let address = known?.first(where: { !$0.isLinkLocal }) {
                result[found.machine.uuid] = address.address
            } else if !place.interfaces.isEmpty {
                silent.append((found.machine.uuid, place))
            }
        }
        await connection.close()
        let heard = await heard(of: silent.map(\.description), on: host)
        for (uuid, description) in silent {
            let own = GuestAddress.ranked(heard, macs: description.interfaces.map(\.mac))
            if let address = own.first(where: { !$0.isLinkLocal }) { result[uuid] = address.address }
        }
        return result
    }

    /// What the host hears when it asks its network for all of them at once: one login, and seconds once.
    private func heard(of descriptions: [DomainDescription], on host: Host) async -> [GuestAddress] {
        guard !descriptions.isEmpty, let shell = try? await context.connector.connect(to: host) else { return [] }
        let heard = try? await NeighbourProbe(descriptions).addresses(on: shell, host: host.name)
        await shell.close()
        return heard ?? []
    }

    private func sighting(_ machine: DomainSummary, on hypervisor: Host) -> Sighting {
        guard machine.state.isActive else {
            return unreachable(
                machine.name, "the VM is \(machine.state.activity.name) on \(hypervisor.name)",
                hint: "`drover vm start \(machine.name)`")
        }
        return Sighting(
            host: context.inventory.guest(machine.name, address: machine.name, jump: nil),
            origin: MachineCensus.Found(host: hypervisor, machine: machine))
    }

    private func unreachable(_ name: String, _ why: String, detail: String? = nil, hint: String? = nil) -> Sighting {
        var host = context.inventory.guest(name, address: name, jump: nil)
        host.obstacle = .error(why, detail: detail, hint: hint, host: name)
        return Sighting(host: host, origin: nil)
    }

    /// Of a VM that several hosts show (a migrated one leaves a definition behind), the one that runs.
    private static func once(_ sightings: [Sighting]) -> [Sighting] {
        let running = Set(sightings.filter { $0.origin != nil }.map(\.host.name))
        var seen: Set<String> = []
        return sightings.filter {
            ($0.origin != nil || !running.contains($0.host.name)) && seen.insert($0.host.name).inserted
        }
    }
}

extension Inventory {
    /// What `vms.yaml` says of a VM; nil when it does not name it.
    func machineSpec(_ name: String) throws(Diagnostics) -> MachineSpec? {
        guard let entry = machines.first(where: { $0.name == name }) else { return nil }
        return try MachineSpec(entry: entry, vars: vars)
    }

    /// A VM as a host, with the roles and vars of its VM profile too.
    func guest(_ name: String, address: String, jump: String?) -> Host {
        var host = machineHost(name, address: address, jump: jump)
        guard let spec = try? machineSpec(name) else { return host }
        for role in spec.roles where !host.roles.contains(role) { host.roles.append(role) }
        host.vars = spec.vars.merged(with: host.vars)
        return host
    }
}
