internal import Hypervisor
internal import Values

/// Volumes that a change of a VM made, or was deleting, when it did not come to its end.
struct ChangeLeftovers {
    /// Written down before a disk is taken from the VM, whose volume goes then.
    static let deleting = "deleting"
    /// Written down when that volume stays after all.
    static let leaving = "leaving"

    let record: OperationRecord
    let removal: VolumeRemoval
    let log: OperationLog

    /// Removes those that nobody uses on any host, and the layers that they alone stood on. Notes which of those that were
    /// being deleted stay; one that was made and is the VM's by now is no leftover.
    /// - Returns: whether there were any.
    func remove(over connection: HypervisorConnection) async throws -> Bool {
        let made = try await paths(MadeVolumes(record).volumes, over: connection)
        let deleted = try await paths(doomed, over: connection)
        guard !(made + deleted).isEmpty || !layers.isEmpty else { return false }
        let use = try await StoreUse.read(connection, refreshing: true)
        let taken = made.filter { path in use.users(of: [path]).contains { $0.name == record["vm"]?.string } }
        let paths = made.filter { !taken.contains($0) } + deleted
        let shared = layers.isEmpty ? nil : try await removal.holdLayers()
        defer { withExtendedLifetime(shared) {} }
        let kept = try await removal.remove(paths, layers: layers, over: connection)
        try log.recordKept(kept)
        return kept.count < paths.count
    }

    private var layers: [String] { record.steps.flatMap { $0["layers"]?.list?.compactMap(\.string) ?? [] } }

    /// Those that were being deleted.
    private var doomed: [PoolVolume] {
        var volumes: [PoolVolume] = []
        for step in record.steps {
            guard let name = step["volume"]?.string, let pool = step["pool"]?.string else { continue }
            let volume = PoolVolume(pool: pool, name: name)
            switch step["step"]?.string {
            case Self.deleting: volumes.append(volume)
            case Self.leaving: volumes.removeAll { $0 == volume }
            default: continue
            }
        }
        return volumes
    }

    private func paths(
        _ volumes: [PoolVolume], over connection: HypervisorConnection
    ) async throws(HypervisorError) -> [String] {
        var paths: [String] = []
        for volume in volumes where try await connection.pool(volume.pool) != nil {
            guard let found = try await connection.volume(volume.name, in: volume.pool) else { continue }
            paths.append(found.path)
        }
        return paths
    }
}
