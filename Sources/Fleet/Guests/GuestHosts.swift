internal import Hypervisor
package import Inventory
package import Values

/// The VMs of a fleet as hosts of the group `vms`: their address as their hypervisor knows it, that hypervisor as jump host, and the
/// SSH host key that they were given at first boot.
package struct GuestHosts: Sendable {
    private let context: FleetContext
    private let driver: any HypervisorDriver

    package init(_ context: FleetContext, driver: any HypervisorDriver) {
        self.context = context
        self.driver = driver
    }

    /// Every VM that a hypervisor has, that one which does not answer was last seen to have, or that the inventory names.
    /// What cannot be reached says why.
    package func all() async -> [Host] {
        let memory = MachineMemory(context.directory)
        let answers = await MachineCensus(context, driver: driver).take()
        let found = await fanOut(answers, limit: context.parallel) { answer in
            switch answer.machines {
            case .success(let machines): await hosts(machines, on: answer.host)
            case .failure(let problem):
                memory.lastSeen(on: answer.host.name).map { name in
                    unreachable(
                        name, "its hypervisor \(answer.host.name) does not answer", detail: problem.diagnostic.summary)
                }
            }
        }.flatMap { $0 }
        let names = Set(found.map(\.name))
        let missing = context.inventory.machines.filter { !names.contains($0.name) }.map { entry in
            unreachable(entry.name, "there is no such VM yet", hint: "`drover vm apply` makes it")
        }
        return Self.once(found) + missing
    }

    /// These VMs only.
    package func named(_ names: [String]) async -> [Host] {
        let wanted = Set(names)
        return await all().filter { wanted.contains($0.name) }
    }

    private func hosts(_ machines: [DomainSummary], on hypervisor: Host) async -> [Host] {
        let connection = machines.contains { $0.state.isActive } ? try? await driver.connect(to: hypervisor) : nil
        var hosts: [Host] = []
        for machine in machines {
            guard machine.state.isActive else {
                hosts.append(
                    unreachable(
                        machine.name, "the VM is \(machine.state.activity.name) on \(hypervisor.name)",
                        hint: "`drover vm start \(machine.name)`"))
                continue
            }
            var addresses: [String] = []
            if let connection { addresses = await MachineListing.addresses(of: machine, over: connection) }
            hosts.append(host(machine, addresses, on: hypervisor))
        }
        await connection?.close()
        return hosts
    }

    private func host(_ machine: DomainSummary, _ addresses: [String], on hypervisor: Host) -> Host {
        let given = try? context.inventory.machineSpec(machine.name)?.nics.compactMap(\.address).first
        let address = given.map { String($0.prefix { $0 != "/" }) } ?? Self.best(addresses)
        guard let address else {
            return unreachable(
                machine.name, "no address of the VM is known on \(hypervisor.name)",
                hint: "it may still be booting; `drover vm list` shows addresses as they become known")
        }
        var host = context.inventory.guest(
            machine.name, address: address, jump: hypervisor.connection == .local ? nil : hypervisor.name)
        host.hostKey = machine.metadata?.hostKey
        return host
    }

    /// An IPv4 address before one of IPv6, and none that only its own link knows.
    private static func best(_ addresses: [String]) -> String? {
        let usable = addresses.filter { !$0.lowercased().hasPrefix("fe80:") && !$0.hasPrefix("169.254.") }
        return usable.first { !$0.contains(":") } ?? usable.first
    }

    private func unreachable(_ name: String, _ why: String, detail: String? = nil, hint: String? = nil) -> Host {
        var host = context.inventory.guest(name, address: name, jump: nil)
        host.obstacle = .error(why, detail: detail, hint: hint, host: name)
        return host
    }

    /// Of a VM that several hosts show (a migrated one leaves a definition behind), the one that can be reached.
    private static func once(_ hosts: [Host]) -> [Host] {
        let reachable = Set(hosts.filter { $0.obstacle == nil }.map(\.name))
        var seen: Set<String> = []
        return hosts.filter { ($0.obstacle == nil || !reachable.contains($0.name)) && seen.insert($0.name).inserted }
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
