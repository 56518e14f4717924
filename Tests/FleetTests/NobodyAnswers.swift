import Fleet
import Inventory
import Values

/// Foundation has a `Host` too.
typealias FleetHost = Host

/// A network in which no host answers.
struct NobodyAnswers: Connector {
    func connect(to host: Host) async throws(HostProblem) -> any HostConnection {
        throw HostProblem(.unreachable, .error("no answer", host: host.name))
    }
}
