import Glibc

/// Switching hosts on and off.
struct HostPower: Sendable {
    let folders: LabFolders

    /// The process that runs the host, in the host's network namespace, if it is on.
    func container(_ host: LabHost) -> ProcessIdentity? { Daemon.recorded(folders.record(host)) }

    /// Starts the host; it is not up yet when this returns.
    func on(_ host: LabHost, base: BaseRoot, controller: ProcessIdentity, kvm: Bool) async throws(LabError) {
        guard container(host) == nil else { return }
        try await off(host)
        try await HostTree.make(host, folders: folders)
        try Disk.makeFolder(folders.shared)
        try Disk.write(folders.hostScript, String(decoding: PackageResources.host_sh, as: UTF8.self))
        let process = try await Daemon.start(
            words(host, base: base, controller: controller, kvm: kvm, systemd: Daemon.systemdRuns),
            unit: "drover-lab-\(folders.name)-\(host.name)", log: folders.console(host), record: folders.record(host))
        guard await Daemon.wait(seconds: 20, until: { process.leader != nil || !process.isAlive }), process.isAlive
        else {
            process.kill()
            throw LabError(
                .tool, "host \"\(host.name)\" did not start", detail: Tool.tail(Disk.read(folders.console(host)) ?? ""))
        }
        let state = LinkState(rawValue: Disk.read(folders.link(host)) ?? "") ?? .restore
        if state != .restore { try await setLink(host, state, container: process, controller: controller) }
    }

    /// What turns into the host.
    func words(_ host: LabHost, base: BaseRoot, controller: ProcessIdentity, kvm: Bool, systemd: Bool) -> [String] {
        let options =
            ["--bind-ro=\(base.repository):/srv/repo", "--bind=\(folders.shared):/srv/shared"]
            + (kvm ? ["--bind=/dev/kvm"] : [])
        return ["unshare", "--net", "--mount", "--propagation", "slave", "sh", folders.hostScript]
            + [String(controller.number), host.port, host.hardwareAddress, base.root, folders.tree(host)]
            + [systemd ? "" : "drover-lab/\(folders.name)/\(host.name)"]
            + ["drover-\(folders.name)-\(host.name)", host.name] + options
    }

    /// Pulls the plug: every process of the host ends at once, what it wrote stays.
    func off(_ host: LabHost) async throws(LabError) {
        // First what would start it again, then all that is in it or around it, also where its parent is gone.
        let supervisor = container(host)
        supervisor?.kill()
        let all = [supervisor].compactMap(\.self) + ProcessTable.using(upper: folders.tree(host) + "/upper")
        for process in all { process.kill() }
        guard await Daemon.wait(seconds: 10, until: { !all.contains(where: \.isAlive) }) else {
            throw LabError(.timeout, "host \"\(host.name)\" did not end")
        }
        // Some machines' first process is slow to collect what has ended.
        _ = await Daemon.wait(seconds: 3) { !all.contains(where: \.isListed) }
        try await removeGroups(host)
        Disk.remove(folders.record(host))
    }

    /// Removes the cgroup directories that were made for the host.
    private func removeGroups(_ host: LabHost) async throws(LabError) {
        let record = folders.tree(host) + "/cgroups"
        for group in (Disk.read(record) ?? "").split(separator: "\n").map(String.init) {
            guard group.hasPrefix("/sys/fs/cgroup/"), group.hasSuffix("/drover-lab/\(folders.name)/\(host.name)") else {
                continue
            }
            _ = await Daemon.wait(seconds: 30) { Self.removeGroup(group) }
            // The directories above it go with the last host in them.
            let parts = group.split(separator: "/")
            for depth in 1...2 { rmdir("/" + parts.dropLast(depth).joined(separator: "/")) }
        }
        Disk.remove(record)
    }

    /// Removes a cgroup with those below it; false while there are processes in one.
    private static func removeGroup(_ group: String) -> Bool {
        guard Disk.exists(group) else { return true }
        for name in Disk.list(group) {
            let below = "\(group)/\(name)"
            var facts = stat()
            guard lstat(below, &facts) == 0, facts.st_mode & S_IFMT == S_IFDIR else { continue }
            if !removeGroup(below) { return false }
        }
        return rmdir(group) == 0
    }

    /// Sets what is wrong with the cable of a host that is on.
    func setLink(
        _ host: LabHost, _ state: LinkState, container: ProcessIdentity, controller: ProcessIdentity
    ) async throws(LabError) {
        for step in state.steps(controller: controller.number, host: container.number, port: host.port) {
            let outcome = try await Tool.attempt(step.words, input: step.input)
            guard outcome.succeeded || step.mayFail else {
                throw LabError(
                    .tool, "cannot set the link of \"\(host.name)\" to \(state.rawValue)", detail: outcome.problem)
            }
        }
    }
}
