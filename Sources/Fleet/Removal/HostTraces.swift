internal import Inventory
internal import SSH
internal import Values

/// What the fleet directory itself remembers of a host, besides the inventory, which is its user's.
struct HostTraces: Sendable {
    let directory: FleetDirectory

    /// Removes it; doing it again does no harm.
    func forget(_ host: Host) throws {
        try forgetKeys(of: host)
        FactCache(directory).forget(host.name)
        MachineMemory(directory).forget(host.name)
        DefinitionMemory(directory).forget(host.name)
        DrainMemory(directory).remember([(host.name, nil)])
        try EvacuationMemory(directory).forget(host.name)
    }

    /// Lines that Drover wrote for it, in the fleet's own file.
    private func forgetKeys(of host: Host) throws {
        guard DiskPath.exists(directory.knownHosts) else { return }
        let port = host.port ?? 22
        let keys = try KnownHosts(files: [directory.knownHosts]).keys(host: host.address, port: port)
        let gone = Set(keys.map { KnownHosts.line(host: host.address, port: port, key: $0) })
        let lines = try DiskFile.readText(directory.knownHosts).split(separator: "\n").map(String.init)
        let kept = lines.filter { !gone.contains($0) }
        guard kept.count < lines.count else { return }
        let text = kept.map { $0 + "\n" }.joined()
        try DiskFile.write(Array(text.utf8), to: directory.knownHosts)
    }
}

extension FactCache {
    func forget(_ host: String) { DiskPath.remove(DiskPath.join(directory, host + ".json")) }
}
