import Fleet
import Hypervisor
import Inventory
import Values

/// No host has a hypervisor.
struct NoHypervisor: HypervisorDriver {
    func connect(to host: FleetHost) async throws(HostProblem) -> HypervisorConnection {
        throw HostProblem(.unreachable, .error("no hypervisor", host: host.name))
    }
}
