internal import Hypervisor
internal import Inventory
internal import Values

/// Looks at both hosts and decides what each disk needs; everything that would stop the migration is found at once.
struct MigrationPreflight {
    let hosts: MigrationHosts
    let machine: DomainSummary
    /// The controller's images, any of which can be brought to the destination.
    let images: [StoredImage]
    private(set) var problems: [Diagnostic] = []

    init(hosts: MigrationHosts, machine: DomainSummary, images: [StoredImage]) {
        self.hosts = hosts
        self.machine = machine
        self.images = images
    }

    private var source: MigrationHosts.Side { hosts.source }
    private var destination: MigrationHosts.Side { hosts.destination }

    /// - Throws: `Diagnostics` with every reason against it, ``HostProblem`` when a host stops answering.
    mutating func plan() async throws -> MigrationPlan {
        let description = try await source.ask { hypervisor throws(HypervisorError) in
            try await hypervisor.description(of: .uuid(machine.uuid))
        }
        checkGuest(description)
        try await checkSnapshots()
        try await checkHosts()
        try await checkBridges(description.interfaces.filter { $0.type == "bridge" }.compactMap(\.source))
        var planning = DiskMovePlanning(hosts: hosts, images: images)
        let disks = try await planning.plan(description.disks)
        problems += planning.problems
        if let found = Diagnostics(problems) { throw found }
        return MigrationPlan(
            vm: machine.name, uuid: machine.uuid, source: source.host, destination: destination.host, disks: disks,
            pools: planning.pools, memoryMiB: machine.memoryMiB, autostart: machine.autostart)
    }

    private mutating func object(_ summary: String, detail: String? = nil, hint: String? = nil, host: Host? = nil) {
        problems.append(.error(summary, detail: detail, hint: hint, host: host?.name))
    }

    private mutating func checkGuest(_ description: DomainDescription) {
        if machine.state.activity != .running {
            object(
                "\"\(machine.name)\" is \(machine.state.activity.name)", detail: "only a running VM migrates live",
                hint: "start it with `drover vm start \(machine.name)`", host: source.host)
        }
        if !machine.persistent {
            object(
                "\"\(machine.name)\" has no lasting definition", hint: "define it with virsh define", host: source.host)
        }
        for device in description.hostDevices + description.sharedDirectories.map({ "shared directory \($0)" }) {
            object("\"\(machine.name)\" holds a \(device)", detail: "it cannot move while it does", host: source.host)
        }
        if description.nvram != nil || description.hasEmulatedTPM {
            object(
                "\"\(machine.name)\" has UEFI variables or a TPM", detail: "their files are not moved",
                host: source.host)
        }
    }

    /// Snapshots are records of the source's libvirt and states inside the disks: a copy of a disk has only its present.
    private mutating func checkSnapshots() async throws {
        let snapshots = try await source.ask { hypervisor throws(HypervisorError) in
            try await hypervisor.snapshots(of: .uuid(machine.uuid))
        }
        guard !snapshots.isEmpty else { return }
        object(
            "\"\(machine.name)\" has snapshots", detail: snapshots.map(\.name).joined(separator: ", "),
            hint: "they do not move with it: delete them with `drover vm snapshot delete \(machine.name) NAME`",
            host: source.host)
    }

    private mutating func checkHosts() async throws {
        let here = try await source.ask { hypervisor throws(HypervisorError) in try await hypervisor.hostInfo() }
        let there = try await destination.ask { hypervisor throws(HypervisorError) in try await hypervisor.hostInfo() }
        if here.uuid == there.uuid {
            object(
                "both hosts have the UUID \(here.uuid)", detail: "libvirt refuses to migrate between them",
                hint: "set host_uuid_source = \"machine-id\" in libvirtd.conf, as the role hypervisor does",
                host: destination.host)
        }
        if let free = there.freeMemoryMiB, free < machine.memoryMiB {
            object(
                "too little memory: \(free) MiB are free, the VM has \(machine.memoryMiB) MiB", host: destination.host)
        }
        for reference in [DomainReference.name(machine.name), .uuid(machine.uuid)] {
            let taken = try await destination.ask { hypervisor throws(HypervisorError) in
                try await hypervisor.domain(reference)
            }
            guard let taken else { continue }
            object(
                "there is a VM \"\(taken.name)\" already, \(taken.state.activity.name)",
                hint: "`drover op recover` settles what an unfinished migration left", host: destination.host)
            break
        }
        // The source connects to migrate, the destination's watcher to see that the source's copy is gone.
        try await checkWay(from: source, to: destination)
        try await checkWay(from: destination, to: source)
    }

    /// The hosts' own view counts: it is they who connect.
    private mutating func checkWay(from here: MigrationHosts.Side, to there: MigrationHosts.Side) async throws {
        let uri = try HypervisorURI.tls(address: there.host.address, pkiDirectory: nil).text
        do throws(HostProblem) {
            try await here.run(
                #"timeout 20 virsh -q -c "$uri" hostname"#, [("uri", uri)],
                doing: "reach \(there.host.name) from \(here.host.name) over TLS")
        } catch {
            guard error.kind == .failed else { throw error }
            object(
                error.diagnostic.summary, detail: error.diagnostic.detail,
                hint: "`drover pki status` looks at certificates; port 16514 must be open between the hosts",
                host: here.host)
        }
    }

    private mutating func checkBridges(_ bridges: [String]) async throws {
        for bridge in Set(bridges).sorted() {
            let answer = try await destination.run(
                #"if [ -d "/sys/class/net/$bridge/bridge" ]; then echo there; fi"#, [("bridge", bridge)],
                doing: "look for the bridge")
            if answer.isEmpty {
                object(
                    "there is no bridge \"\(bridge)\", which the VM is connected to",
                    hint: "apply the role bridge to \(destination.host.name)", host: destination.host)
            }
        }
    }
}
