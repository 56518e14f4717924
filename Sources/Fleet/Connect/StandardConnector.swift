package import Inventory
package import Values

/// Each host by the connection that the inventory names for it.
package struct StandardConnector: Connector {
    private let ssh: SSHConnector

    /// - Throws: `Diagnostics` when a known_hosts file cannot be read.
    package init(_ directory: FleetDirectory, timeout: Int, hosts: [Host]) throws(Diagnostics) {
        ssh = try SSHConnector(directory, timeout: timeout, hosts: hosts)
    }

    package func connect(to host: Host) async throws(HostProblem) -> any HostConnection {
        if let method = host.become {
            throw HostProblem(
                .failed,
                .error(
                    "becoming another user (\(method.rawValue)) is not supported yet",
                    hint: "log in as root: set `user: root` and leave `become` out", mark: host.mark, host: host.name))
        }
        return switch host.connection {
        case .ssh: try await ssh.connect(to: host)
        case .local: try await LocalConnector().connect(to: host)
        }
    }
}
