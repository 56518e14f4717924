/// Where a lab keeps what.
struct LabFolders: Sendable, Hashable {
    /// What all labs share and `down` leaves: the base roots, package files and guest images.
    static let cache = "/var/cache/drover"
    /// What ends with the machine's run, for all labs.
    static let allRuntime = "/run/drover-lab"

    let name: String

    /// Keys, and each host's own files. Gone after `down`.
    var state: String { "/var/lib/drover/lab/\(name)" }
    /// Process identities, leases. Gone after `down`.
    var runtime: String { "\(Self.allRuntime)/\(name)" }
    /// Held while the lab is changed; outside of what `down` removes.
    var lock: String { "\(Self.allRuntime)/\(name).lock" }

    var definition: String { state + "/definition" }
    var key: String { state + "/key" }
    /// One directory of all hosts, as /srv/shared.
    var shared: String { state + "/shared" }
    var leases: String { runtime + "/leases" }
    var dhcpConfiguration: String { runtime + "/dnsmasq.conf" }
    var controllerRecord: String { runtime + "/controller" }
    /// The kernel's name for the network namespace.
    var namespaceRecord: String { runtime + "/netns" }
    var dhcpRecord: String { runtime + "/dnsmasq" }

    /// The script that runs a host, as a file so that lists of processes stay readable.
    var hostScript: String { runtime + "/host.sh" }

    func tree(_ host: LabHost) -> String { "\(state)/hosts/\(host.name)" }
    func record(_ host: LabHost) -> String { "\(runtime)/\(host.name)" }
    func link(_ host: LabHost) -> String { tree(host) + "/link" }
    func console(_ host: LabHost) -> String { tree(host) + "/console.log" }
    /// The host's public keys, as its sshd has them.
    func sshFolder(_ host: LabHost) -> String { tree(host) + "/upper/etc/ssh" }
}
