/// The lab's network: a namespace that holds a bridge, the controller's address and the DHCP server, and nothing else.
struct LabSwitch: Sendable {
    let folders: LabFolders

    /// The process that keeps the namespace, if the network is up.
    var controller: ProcessIdentity? { Daemon.recorded(folders.controllerRecord) }

    /// Makes what is not there yet, and returns the process that keeps the namespace.
    func start(hosts: [LabHost]) async throws(LabError) -> ProcessIdentity {
        let controller = try await namespace()
        try await serveAddresses(hosts: hosts, in: controller)
        return controller
    }

    private func namespace() async throws(LabError) -> ProcessIdentity {
        if let controller { return controller }
        let holder = try await Daemon.start(
            ["unshare", "--net", "sleep", "infinity"], unit: "drover-lab-\(folders.name)-net",
            log: folders.runtime + "/controller.log", record: folders.controllerRecord)
        let own = Disk.linkTarget("/proc/self/ns/net")
        guard await Daemon.wait(seconds: 10, until: { holder.networkNamespace.map { $0 != own } ?? false }) else {
            throw LabError(.timeout, "the lab's network namespace did not come")
        }
        try Disk.write(folders.namespaceRecord, holder.networkNamespace ?? "")
        try await ip(
            """
            link set lo up
            link add name \(LabNetwork.bridge) type bridge forward_delay 0 mcast_snooping 0
            address add \(LabNetwork.controller)/24 dev \(LabNetwork.bridge)
            link set \(LabNetwork.bridge) up
            """, in: holder)
        return holder
    }

    private func serveAddresses(hosts: [LabHost], in controller: ProcessIdentity) async throws(LabError) {
        let configuration = DHCPServer.configuration(hosts: hosts, leases: folders.leases)
        if let running = Daemon.recorded(folders.dhcpRecord) {
            if Disk.read(folders.dhcpConfiguration) == configuration { return }
            running.kill()
            _ = await Daemon.wait(seconds: 5) { !running.isAlive }
        }
        try Disk.write(folders.dhcpConfiguration, configuration)
        let log = folders.runtime + "/dnsmasq.log"
        let server = try await Daemon.start(
            Self.entering(controller)
                + ["dnsmasq", "--keep-in-foreground", "--log-facility=-", "--conf-file=\(folders.dhcpConfiguration)"],
            unit: "drover-lab-\(folders.name)-dhcp", log: log, record: folders.dhcpRecord)
        let listening = await Daemon.wait(seconds: 5) {
            Disk.read(log)?.contains("DHCP, IP range") ?? false || !server.isAlive
        }
        guard listening, server.isAlive else {
            throw LabError(.tool, "the lab's DHCP server did not start", detail: Tool.tail(Disk.read(log) ?? ""))
        }
    }

    /// Runs lines of ip(8) in the namespace.
    func ip(_ lines: String, in controller: ProcessIdentity) async throws(LabError) {
        try await Tool.run(Self.entering(controller) + ["ip", "-batch", "-"], input: lines + "\n")
    }

    /// Words that put what follows them into a process's network namespace.
    static func entering(_ process: ProcessIdentity) -> [String] {
        ["nsenter", "--target", String(process.number), "--net", "--"]
    }
}
