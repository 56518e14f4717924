internal import Hypervisor
internal import Inventory
internal import Values

/// Where new NICs lead. libvirt takes any name and finds out when the VM starts, which it then does not.
struct NICPlaces {
    let held: HeldMachine
    let connector: any Connector

    /// - Throws: `Diagnostics` for networks, bridges and cards that the host has not; ``HostProblem``.
    func check(_ nics: [NICRequest]) async throws {
        let sources = MachineSpec.interfaces(nics).map(\.source)
        var problems: [Diagnostic] = []
        for case .network(let name) in sources {
            let network = try await held.connection.network(name)
            if network?.isActive != true {
                problems.append(
                    absent(network == nil ? "no network \"\(name)\"" : "the network \"\(name)\", which is off"))
            }
        }
        // Where SSH does not answer nothing is known of the others.
        if case .success(let system)? = await system(sources) {
            for case .bridge(let name) in sources where !system.bridges.contains(name) {
                problems.append(absent("no bridge \"\(name)\""))
            }
            for case .direct(let name, _) in sources where !system.links.contains(name) {
                problems.append(absent("no network card \"\(name)\""))
            }
        }
        if let found = Diagnostics(problems) { throw found }
    }

    private func system(_ sources: [InterfaceSpec.Source]) async -> Result<HostSystem, HostProblem>? {
        let isNeeded = sources.contains { source in
            switch source {
            case .bridge, .direct: true
            default: false
            }
        }
        return isNeeded ? await HostSystem.ask(held.found.host, connector) : nil
    }

    private func absent(_ what: String) -> Diagnostic {
        .error(
            "\(held.found.host.name) has \(what)", detail: "\"\(held.name)\" could not start with such a NIC",
            hint: "`drover network list` shows networks, `drover host facts` links", host: held.found.host.name)
    }
}
