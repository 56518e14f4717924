package import Values

/// How a lab is at the moment.
package struct LabStatus: Sendable, Hashable {
    package struct Host: Sendable, Hashable {
        package var name: String
        package var address: String
        package var hardwareAddress: String
        package var isRunning: Bool
        /// Its first process, as the machine counts; nil when it is off.
        package var processID: Int?
        /// systemd's word: `running`, `degraded`, `starting`; nil when it is off or does not answer.
        package var systemState: String?
        package var link: LinkState
        /// Public keys of its sshd, `type base64`.
        package var hostKeys: [String]
    }

    package var name: String
    package var isUp: Bool
    /// The network namespace that `exec` enters, as a path; nil when the network is down.
    package var networkNamespace: String?
    package var hosts: [Host]
    package var leases: [Lease]
    package var kvm: VirtualizationProbe?
    /// The private key that every host lets in as root.
    package var keyPath: String

    /// The hosts' keys as lines of a known_hosts file.
    package var knownHosts: [String] {
        hosts.flatMap { host in host.hostKeys.map { "\(host.address) \($0)" } }
    }

    /// The same as a tree, for JSON and YAML.
    package var value: Value {
        [
            "name": Value(name), "up": Value(isUp), "network": Value(LabNetwork.subnet),
            "controller": Value(LabNetwork.controller), "netns": Self.text(networkNamespace), "key": Value(keyPath),
            "kvm": Value(kvm?.works ?? false), "kvm_reason": Self.text(kvm?.reason),
            "hosts": Value(hosts.map(Self.value)), "leases": Value(leases.map(Self.value)),
            "known_hosts": Value(knownHosts.map { Value($0) }),
        ]
    }

    private static func value(_ host: Host) -> Value {
        [
            "name": Value(host.name), "address": Value(host.address), "mac": Value(host.hardwareAddress),
            "running": Value(host.isRunning), "pid": host.processID.map { Value($0) } ?? .null,
            "system_state": text(host.systemState), "link": Value(host.link.rawValue),
            "host_keys": Value(host.hostKeys.map { Value($0) }),
        ]
    }

    private static func value(_ lease: Lease) -> Value {
        [
            "mac": Value(lease.hardwareAddress), "ip": Value(lease.address), "hostname": text(lease.hostName),
            "expires": Value(lease.expires),
        ]
    }

    private static func text(_ text: String?) -> Value { text.map { Value($0) } ?? .null }
}

extension Lab {
    /// Looks at every host. Throws `.unknown` when there is no such lab.
    package func status() async throws(LabError) -> LabStatus {
        let record = try existing()
        let controller = network.controller
        var hosts: [LabStatus.Host] = []
        for host in record.definition.hosts {
            let container = power.container(host)
            var state: String?
            if let container { state = try await systemState(container) }
            hosts.append(
                LabStatus.Host(
                    name: host.name, address: host.address, hardwareAddress: host.hardwareAddress,
                    isRunning: container != nil, processID: container?.leader.map { Int($0.number) },
                    systemState: state,
                    link: LinkState(rawValue: Disk.read(folders.link(host)) ?? "") ?? .restore,
                    hostKeys: HostTree.publicKeys(host, folders: folders)))
        }
        return LabStatus(
            name: name, isUp: controller != nil && hosts.allSatisfy(\.isRunning),
            networkNamespace: controller.map { "/proc/\($0.number)/ns/net" }, hosts: hosts,
            leases: DHCPServer.leases(in: Disk.read(folders.leases) ?? ""), kvm: VirtualizationProbe.known,
            keyPath: folders.key)
    }

    /// The names of the labs of this machine, up or not.
    package static func all() -> [String] {
        Disk.list("/var/lib/drover/lab").filter(LabDefinition.isName)
    }
}
