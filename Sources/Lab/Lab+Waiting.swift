extension Lab {
    /// Returns when the host's own sshd answers with its own key and systemd says that it is up; of a host that
    /// nobody hears, only the latter.
    func waitUntilUp(_ host: LabHost, controller: ProcessIdentity, seconds: Double = 90) async throws(LabError) {
        let deadline = ContinuousClock.now + .seconds(seconds)
        let link = LinkState(rawValue: Disk.read(folders.link(host)) ?? "") ?? .restore
        // Without an address a host is slow to settle; that systemd answers is enough then.
        let isLost = [.cut, .oneWay, .deaf].contains(link)
        var reachable = isLost
        while ContinuousClock.now < deadline {
            guard let container = power.container(host) else {
                throw LabError(
                    .tool, "host \"\(host.name)\" ended while it started",
                    detail: Tool.tail(Disk.read(folders.console(host)) ?? ""))
            }
            if !reachable { reachable = try await sshAnswers(host, controller: controller) }
            if reachable, let state = try await systemState(container),
                isLost || ["running", "degraded"].contains(state)
            {
                return
            }
            do { try await Task.sleep(for: .milliseconds(200)) } catch { throw LabError(.cancelled, "cancelled") }
        }
        throw LabError(
            .timeout, "host \"\(host.name)\" was not up after \(Int(seconds)) s",
            detail: Tool.tail(Disk.read(folders.console(host)) ?? ""))
    }

    /// True when the sshd at the host's address shows the host's own key.
    func sshAnswers(_ host: LabHost, controller: ProcessIdentity) async throws(LabError) -> Bool {
        let scan = try await Tool.attempt(
            LabSwitch.entering(controller) + ["ssh-keyscan", "-T", "1", "-t", "ed25519", host.address])
        return HostTree.publicKeys(host, folders: folders).contains { scan.output.contains($0) }
    }

    /// What systemd says of the host: `running`, `degraded`, `starting`, ...; nil when it cannot be asked.
    func systemState(_ container: ProcessIdentity) async throws(LabError) -> String? {
        guard let leader = container.leader else { return nil }
        let words = Entry.words(into: leader, command: "systemctl is-system-running")
        let answer = try await Tool.attempt(["timeout", "5"] + words)
        return answer.output.split(separator: "\n").first.map(String.init)
    }

    /// Does the same for several hosts, eight at a time; the first error ends it after the others are through.
    func forEach(
        _ hosts: [LabHost], _ work: @Sendable @escaping (LabHost) async throws(LabError) -> Void
    ) async throws(LabError) {
        let errors = await withTaskGroup(of: LabError?.self) { group in
            var rest = hosts[...]
            func next() {
                guard let host = rest.popFirst() else { return }
                group.addTask {
                    do throws(LabError) { try await work(host) } catch { return error }
                    return nil
                }
            }
            for _ in 0..<8 { next() }
            var errors: [LabError] = []
            for await error in group {
                if let error { errors.append(error) }
                next()
            }
            return errors
        }
        if let first = errors.first { throw first }
    }
}
