package import Hypervisor
package import Inventory
internal import Values

/// How Fleet reaches the hypervisors of its hosts.
package protocol HypervisorDriver: Sendable {
    /// - Throws: ``HostProblem`` of kind `unreachable`, with libvirt's reason.
    func connect(to host: Host) async throws(HostProblem) -> HypervisorConnection
}

/// The driver that a host's `uri` names, else `qemu`; over TLS with the controller's own key pair.
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
            let uri = try host.hypervisorURI(pkiDirectory: pkiDirectory)
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

extension Host {
    /// Whether this host is one that can hold VMs.
    package var isHypervisor: Bool {
        uri != nil || roles.contains("hypervisor") || groups.contains("hypervisors")
    }

    /// Where its hypervisor is reached from the controller. A `uri` that names no host (`lxc:///`) means the hypervisor
    /// of that kind on this host, never on the controller, unless that is what the host is.
    /// - Parameter pkiDirectory: the controller's key pair; empty when it has none.
    func hypervisorURI(pkiDirectory: String) throws(HypervisorError) -> HypervisorURI {
        let keys = pkiDirectory.isEmpty ? nil : pkiDirectory
        guard let given = uri else {
            return connection == .local ? .localSystem : try .tls(address: address, pkiDirectory: keys)
        }
        let asked = try HypervisorURI(given)
        if !asked.namesHost, connection != .local, asked.driver != "test" {
            let path = asked.path.isEmpty ? "/" : asked.path
            return try .tls(driver: asked.driver, path: path, address: address, pkiDirectory: keys)
        }
        return keys.map(asked.withKeys) ?? asked
    }

    /// Whether the controller's key pair is what opens its hypervisor.
    var needsKeyPair: Bool {
        guard let uri = try? hypervisorURI(pkiDirectory: "") else { return false }
        return uri.transport == "tls" && !uri.text.contains("pkipath=")
    }
}
