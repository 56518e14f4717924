extension Lab {
    /// Makes the lab, or starts what is not running of it, and waits until every host's sshd answers and its systemd
    /// is up. Does nothing to a lab that is up.
    /// - Parameters:
    ///   - hosts: how many; nil is as many as there are, or 2. More than there are adds hosts; fewer is refused.
    ///   - backports: whether its hosts are to get QEMU from the release's backports, when it is made.
    ///   - san: whether to add a SAN; one that is there stays.
    /// - Throws: `.missing` before anything is touched if the machine lacks something.
    @discardableResult
    package func up(
        hosts: Int? = nil, san: Bool = false, backports: Bool = false, progress: @escaping LabProgress = { _ in }
    ) async throws(LabError) -> LabStatus {
        if let hosts { _ = try LabDefinition(name: name, hosts: hosts) }
        try await Prerequisites.checkLab()
        let lock = try await lock(progress: progress)
        defer { withExtendedLifetime(lock) {} }
        let record = try await make(hosts: hosts, san: san, backports: backports, progress: progress)
        let kvm = try await VirtualizationProbe.answer(progress: progress)

        if network.controller == nil { try await clear() }
        try Disk.makeFolder(folders.runtime, mode: 0o755)
        let controller = try await network.start(hosts: record.definition.hosts)
        let off = record.definition.hosts.filter { power.container($0) == nil }
        if !off.isEmpty { progress("starting " + off.map(\.name).joined(separator: ", ")) }
        try await forEach(record.definition.hosts) { (host) throws(LabError) in
            let isNew = power.container(host) == nil
            try await power.on(host, base: record.base, controller: controller, kvm: kvm.works)
            try await waitUntilUp(host, controller: controller)
            if isNew { progress("\(host.name) is up at \(host.address)") }
        }
        if record.definition.hasSAN { try await self.san.start() }
        return try await status()
    }

    /// Removes the lab: its processes, network and files, also what a machine that was cut off has left of it.
    /// What labs share stays: base roots, package files, images.
    /// - Returns: false when there was nothing.
    @discardableResult
    package func down(progress: LabProgress = { _ in }) async throws(LabError) -> Bool {
        try Prerequisites.checkRoot()
        let found = Disk.exists(folders.state) || Disk.exists(folders.runtime)
        guard found else { return false }
        let lock = try await lock(progress: progress)
        defer { withExtendedLifetime(lock) {} }
        try await clear()
        try await Disk.removeTree(folders.state)
        Disk.remove(folders.lock)
        return true
    }

    /// Switches a host on or off. Off is the plug pulled; on waits until the host is up.
    package func power(_ wanted: String, on: Bool, progress: LabProgress = { _ in }) async throws(LabError) {
        let record = try existing()
        let host = try host(wanted, in: record)
        let lock = try await lock(progress: progress)
        defer { withExtendedLifetime(lock) {} }
        guard on else { return try await power.off(host) }
        let controller = try controller()
        let kvm = try await VirtualizationProbe.answer(progress: progress)
        try await power.on(host, base: record.base, controller: controller, kvm: kvm.works)
        try await waitUntilUp(host, controller: controller)
        if host == .san { try await san.start() }
    }

    /// Does something to a host's cable, which stays so when the host is switched off and on.
    package func link(_ wanted: String, _ state: LinkState) async throws(LabError) {
        let host = try host(wanted, in: existing())
        let lock = try await lock { _ in }
        defer { withExtendedLifetime(lock) {} }
        let controller = try controller()
        try Disk.write(folders.link(host), state.rawValue)
        guard let container = power.container(host) else { return }
        try await power.setLink(host, state, container: container, controller: controller)
    }

    /// Ends every process of the lab and forgets what ran; the hosts' files stay.
    private func clear() async throws(LabError) {
        let names = Disk.list(folders.state + "/hosts") + Disk.list(folders.runtime)
        let numbers = Set(
            names.compactMap { name -> Int? in
                if name == LabHost.san.name { return LabHost.san.number }
                return name.hasPrefix("hv") ? Int(name.dropFirst(2)) : nil
            })
        try await forEach(numbers.sorted().map(LabHost.init(number:))) { (host) throws(LabError) in
            try await power.off(host)
        }
        // What `exec` started in the lab's network ends with it; what keeps the namespace ends last.
        let keepers = [folders.dhcpRecord, folders.controllerRecord].compactMap(Daemon.recorded)
        let strays =
            (Disk.read(folders.namespaceRecord)).map {
                ProcessTable.inside(networkNamespace: $0, device: LabNetwork.bridge)
            } ?? []
        let all = strays.filter { !keepers.contains($0) } + keepers
        for process in all { process.kill() }
        guard await Daemon.wait(seconds: 10, until: { !all.contains(where: \.isAlive) }) else {
            throw LabError(.timeout, "processes of the lab \"\(name)\" did not end")
        }
        _ = await Daemon.wait(seconds: 3) { !all.contains(where: \.isListed) }
        try await Disk.removeTree(folders.runtime)
    }

    /// Makes the lab's files as far as they are not there, and records what it is made of.
    private func make(
        hosts: Int?, san: Bool, backports: Bool, progress: LabProgress
    ) async throws(LabError) -> LabRecord {
        let old = record()
        let count = hosts ?? old?.definition.hostCount ?? 2
        if let old, count < old.definition.hostCount {
            throw LabError(
                .invalid, "the lab \"\(name)\" has \(old.definition.hostCount) hosts, more than \(count)",
                hint: "take it down first: drover lab down --name \(name)")
        }
        var base = old?.base
        if base == nil || backports {
            let wanted = try await BaseRoot.prepare(backports: backports, progress: progress)
            guard base == nil || base == wanted else {
                throw LabError(
                    .invalid, "the lab \"\(name)\" was made with other packages",
                    hint: "take it down first: drover lab down --name \(name)")
            }
            base = wanted
        }
        guard let base, Disk.exists(base.root), Disk.exists(base.repository) else {
            throw LabError(
                .unknown, "what the lab \"\(name)\" was made from is no longer in \"\(LabFolders.cache)\"",
                hint: "remove the lab with: drover lab down --name \(name)")
        }
        let record = LabRecord(
            definition: try LabDefinition(name: name, hosts: count, san: san || old?.definition.hasSAN ?? false),
            base: base)
        try Disk.makeFolder(folders.state, mode: 0o700)
        if !Disk.exists(folders.key + ".pub") {
            Disk.remove(folders.key)
            try await Tool.run(
                ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "drover-lab-\(name)", "-f", folders.key])
        }
        try Disk.write(folders.definition, record.text)
        return record
    }
}
