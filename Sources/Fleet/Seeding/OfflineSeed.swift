internal import Inventory
internal import Values

/// First-boot configuration written into the disk of a VM that does not run yet, on its hypervisor: for images without
/// cloud-init.
struct OfflineSeed: Sendable {
    private let context: FleetContext
    private let host: Host
    /// Where the host notes what it has attached; named after the VM's UUID, so that any controller finds it.
    private let work: String

    static let script = String(decoding: PackageResources.seed_disk_sh, as: UTF8.self)

    init(_ context: FleetContext, host: Host, instance: String) {
        self.context = context
        self.host = host
        work = "/run/drover-seed-\(instance)"
    }

    /// Refuses what only cloud-init could carry out, before anything is made.
    static func check(_ spec: MachineSpec, nics: [NICRequest]) throws(Diagnostics) {
        guard spec.seed == .guestfs || spec.seed == .nbd else { return }
        let method = "--seed \(spec.seed.rawValue)"
        var problems: [Diagnostic] = []
        func refuse(_ what: String, _ hint: String) {
            problems.append(.error("\(method) cannot \(what) of \"\(spec.name)\"", hint: hint))
        }
        if nics.contains(where: { $0.address != nil || $0.gateway != nil || !$0.dns.isEmpty })
            || spec.networkConfig != nil
        {
            refuse("set up the network", "use --seed cloud-init, or give the image's own network files as files")
        }
        if let data = spec.userData, !data.hasPrefix("#!") {
            refuse("carry out the user-data", "give a script, which begins with #!, or use --seed cloud-init")
        }
        for file in spec.files {
            let isPlain = !file.path.contains { $0.isNewline } && file.path.last != " " && file.path.last != "/"
            let isMode = (3...4).contains(file.mode.utf8.count) && file.mode.utf8.allSatisfy { (48...55).contains($0) }
            let isOwner = file.owner.wholeMatch(of: /[A-Za-z0-9._-]+(:[A-Za-z0-9._-]+)?/) != nil
            guard isPlain, isMode, isOwner else {
                refuse(
                    "write the file \"\(file.path)\"", "give it a plain path, a mode like 0644, an owner like root:root"
                )
                continue
            }
        }
        if let found = Diagnostics(problems) { throw found }
    }

    /// Writes into a disk that nothing uses; lets go of it again whatever comes of that.
    /// - Throws: ``HostProblem`` with the host's words.
    func apply(_ boot: FirstBoot, to disk: String, format: String) async throws(HostProblem) {
        let script = HostScript(
            variables: [
                ("action", "seed"), ("work", work), ("method", boot.spec.seed.rawValue), ("disk", disk),
                ("format", format), ("name", boot.spec.name), ("user", boot.login.user),
            ], Self.script)
        try await onHost { channel throws(HostProblem) in
            for (name, text) in Self.materials(boot) { try await channel.put(name, Array(text.utf8)) }
            try await script.run(over: channel, doing: "write first-boot configuration into the disk")
        }
    }

    /// Ends a seeding that is under way or was cut off, and detaches the disk.
    func release() async throws(HostProblem) {
        let script = HostScript(variables: [("action", "release"), ("work", work), ("disk", "")], Self.script)
        try await onHost { channel throws(HostProblem) in
            try await script.run(over: channel, doing: "let go of the disk")
        }
    }

    private func onHost(_ body: (RunChannel) async throws(HostProblem) -> Void) async throws(HostProblem) {
        let connection = try await context.connector.connect(to: host)
        do throws(HostProblem) {
            let channel = try await RunChannel.open(on: connection, host: host.name)
            do throws(HostProblem) {
                try await body(channel)
                await channel.bye()
            } catch {
                await channel.bye()
                throw error
            }
            await connection.close()
        } catch {
            await connection.close()
            throw error
        }
    }

    /// What goes into the run's private directory on the host.
    static func materials(_ boot: FirstBoot) -> [(name: String, text: String)] {
        let files = boot.spec.files
        let index = files.enumerated().map { "file-\($0) \($1.mode) \($1.owner) \($1.path)\n" }.joined()
        return [
            ("host_key", boot.hostKey?.privateText ?? ""),
            ("host_key.pub", boot.hostKey.map { $0.publicText + "\n" } ?? ""),
            ("authorized_keys", boot.authorizedKeys.map { $0 + "\n" }.joined()),
            ("first_boot", boot.spec.userData ?? ""), ("files", index),
        ] + files.enumerated().map { ("file-\($0)", $1.contents) }
    }
}

extension OperationRecord {
    /// The step of a creation that writes into the VM's disk.
    static let seeding = "seeding"
    var hasSeeded: Bool { steps.contains { $0["step"]?.string == Self.seeding } }
}
