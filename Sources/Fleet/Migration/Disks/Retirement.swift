internal import Hypervisor

/// Files that a migration has moved away: set aside at the source under names of their own, and removed by that host itself
/// when their time is over, whatever becomes of the controller, and also when the host was started anew meanwhile.
enum Retirement {
    private static let asideScript = String(decoding: PackageResources.moved_aside_sh, as: UTF8.self)
    private static let sweepScript = String(decoding: PackageResources.moved_sweep_sh, as: UTF8.self)

    /// Safe to repeat: what has its other name already keeps it.
    static func retire(
        _ paths: [String], operation: String, keep seconds: Int, on side: MigrationHosts.Side
    ) async throws {
        guard !paths.isEmpty else { return }
        try await side.run(
            asideScript, [("operation", operation), ("seconds", "\(seconds)"), ("sweep", sweepScript)],
            arguments: paths, doing: "set the moved disks aside")
        await refresh(paths, on: side)
    }

    /// Removes what earlier migrations set aside there and whose time is over, where no timer did.
    static func sweep(_ side: MigrationHosts.Side) async {
        _ = try? await side.run(sweepScript, doing: "remove what was moved away")
    }

    /// Lets libvirt see what has changed in its pools.
    static func refresh(_ paths: [String], on side: MigrationHosts.Side) async {
        let folders = Set(paths.map(DiskPath.parent))
        for pool in (try? await side.hypervisor.pools()) ?? [] where pool.isActive && folders.contains(pool.path ?? "")
        {
            try? await side.hypervisor.refreshPool(pool.name)
        }
    }
}
