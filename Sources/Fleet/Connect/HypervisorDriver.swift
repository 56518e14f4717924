package import Hypervisor
package import Inventory
internal import Values

/// How Fleet reaches the hypervisors of its hosts.
package protocol HypervisorDriver: Sendable {
    /// - Throws: ``HostProblem`` of kind `unreachable`, with libvirt's reason.
    func connect(to host: Host) async throws(HostProblem) -> HypervisorConnection
}

/// `qemu+tls` with the controller's own key pair; a host's `uri` of the inventory stands instead where it is given.
package struct TLSHypervisorDriver: HypervisorDriver {
    private let pkiDirectory: String
    private let timeout: Duration

    /// - Parameter pkiDirectory: holds `cacert.pem`, `clientcert.pem`, `clientkey.pem`.
    package init(pkiDirectory: String, timeout: Duration) {
        self.pkiDirectory = pkiDirectory
        self.timeout = timeout
    }

    package func connect(to host: Host) async throws(HostProblem) -> HypervisorConnection {
        do throws(HypervisorError) {
            let uri: HypervisorURI
            if let given = host.uri {
                uri = try HypervisorURI(given)
            } else if host.connection == .local {
                uri = .localSystem
            } else {
                uri = try .tls(address: host.address, pkiDirectory: pkiDirectory)
            }
            return try await HypervisorConnection.open(uri: uri, timeout: timeout)
        } catch {
            throw HostProblem(
                .unreachable,
                .error(
                    "cannot reach its hypervisor: \(error.message)", detail: error.hint,
                    hint: "`drover apply` makes a hypervisor of it; `drover pki status` looks at its certificates",
                    host: host.name))
        }
    }
}

extension HostProblem {
    /// A hypervisor's refusal, with libvirt's whole text.
    package init(_ error: HypervisorError, host: String) {
        self.init(
            error.isConnectionLoss ? .lost : .failed,
            .error("cannot \(error.operation): \(error.message)", hint: error.hint, host: host))
    }
}

extension Host {
    /// Whether this host is one that can hold VMs.
    package var isHypervisor: Bool {
        uri != nil || roles.contains("hypervisor") || groups.contains("hypervisors")
    }
}
