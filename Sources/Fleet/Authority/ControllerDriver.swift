package import Hypervisor
package import Inventory
package import PKI
internal import Values

/// Reaches hypervisors with the controller's own certificate, which is made or renewed when it is first needed.
///
/// Hosts that are reached without TLS need no authority.
package struct ControllerDriver: HypervisorDriver {
    private let identity: ControllerIdentity
    private let timeout: Duration

    package init(_ directory: FleetDirectory, timeout: Duration) {
        identity = ControllerIdentity(directory)
        self.timeout = timeout
    }

    package func connect(to host: Host) async throws(HostProblem) -> HypervisorConnection {
        let pair = host.needsKeyPair ? try await pairDirectory(for: host) : ""
        return try await TLSHypervisorDriver(pkiDirectory: pair, timeout: timeout).connect(to: host)
    }

    private func pairDirectory(for host: Host) async throws(HostProblem) -> String {
        do throws(HostProblem) {
            return try await identity.pairDirectory(for: host)
        } catch {
            // A fleet without an authority may have keys of its own where libvirt looks for them.
            guard host.uri == nil else { return "" }
            throw error
        }
    }
}

/// The controller's certificate and key, looked at once for each command.
private actor ControllerIdentity {
    private let directory: FleetDirectory
    private var pending: Task<Result<String, Diagnostics>, Never>?

    init(_ directory: FleetDirectory) { self.directory = directory }

    /// A directory as libvirt's `pkipath` wants it; absolute.
    func pairDirectory(for host: Host) async throws(HostProblem) -> String {
        let task = pending ?? Task { [directory] in await Self.refresh(directory) }
        pending = task
        switch await task.value {
        case .success(let path): return path
        case .failure(let problems):
            var problem = problems.all[0]
            problem.host = host.name
            throw HostProblem(.failed, problem)
        }
    }

    private static func refresh(_ directory: FleetDirectory) async -> Result<String, Diagnostics> {
        do throws(Diagnostics) {
            let authority = try await directory.openAuthority()
            do throws(PKIError) {
                return .success(try await authority.ownPair().directory)
            } catch {
                throw Diagnostics(error.diagnostic)
            }
        } catch {
            return .failure(error)
        }
    }
}

extension Authority {
    /// The controller's pair for libvirt's API, renewed when it is due or among those to be replaced.
    package func ownPair(replacing: Set<String> = []) async throws(PKIError) -> ControllerPair {
        try await controllerPair(
            plane: .api, algorithm: try leafAlgorithm(.api), replacing: replacing, requestedBy: Requester.name)
    }
}
