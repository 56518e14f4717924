internal import Hypervisor
internal import Inventory
internal import Values

/// Keeps one host from deleting what a VM of another uses, where both reach the same storage.
struct SharedStorage {
    private let context: FleetContext
    private let driver: any HypervisorDriver
    private let assumedAbsent: [String]?

    init(_ context: FleetContext, driver: any HypervisorDriver, assumedAbsent: [String]?) {
        self.context = context
        self.driver = driver
        self.assumedAbsent = assumedAbsent
    }

    /// - Throws: `Diagnostics` naming VMs of other hosts that use one of the volumes, or hosts that cannot be asked.
    /// - Parameter uuid: a VM whose own use does not count.
    func refuseUsedElsewhere(
        _ volumes: [VolumeInfo], of pool: PoolInfo, on host: Host, besides uuid: String? = nil
    ) async throws {
        guard !volumes.isEmpty, try await isShared(pool, host) else { return }
        let others = context.inventory.hosts.filter { $0.isHypervisor && $0.name != host.name }
        let answers = await HostAnswers(others, limit: context.parallel, within: context.timeout * 4) { other in
            try await driver.visit(other) { connection in
                try await StoreUse.read(connection, refreshing: false, besides: uuid)
                    .users(elsewhere: volumes, host: other.name)
            }
        }
        for (other, answer) in answers.hosts {
            switch answer {
            case .success(let users) where users.isEmpty: continue
            case .success(let users):
                throw Diagnostics(StoreUse.refusal("delete from the pool \"\(pool.name)\"", users, host: host.name))
            case .failure(let problem):
                if assumedAbsent?.contains(other.name) == true { continue }
                throw Diagnostics(
                    .error(
                        "it cannot be known whether \(other.name) uses the pool \"\(pool.name)\"",
                        detail: problem.diagnostic.summary,
                        hint: assumedAbsent == nil
                            ? "have it answer, and try again"
                            : "if it does not for sure, add --assume-absent \(other.name)", host: host.name))
            }
        }
    }

    /// By the pool's kind; a directory is shared if it lies on a network's file system.
    private func isShared(_ pool: PoolInfo, _ host: Host) async throws -> Bool {
        if PoolSpec.Kind(rawValue: pool.type)?.isShared ?? true { return true }
        guard ["dir", "fs"].contains(pool.type), let path = pool.path else { return false }
        let script = HostScript(variables: [("path", path)], "stat -f -c %T -- \"$path\"")
        let shell = try await context.connector.connect(to: host)
        do {
            let said = try await script.run(on: shell, host: host.name, doing: "see what \"\(path)\" lies on")
            await shell.close()
            let kind = said.split(separator: "\n").first.map { String($0).lowercased() } ?? ""
            let shared = ["nfs", "cifs", "smb", "ceph", "fuse", "gfs", "ocfs", "lustre", "gpfs", "9p", "v9fs", "afs"]
            return shared.contains { kind.hasPrefix($0) }
        } catch {
            await shell.close()
            throw error
        }
    }
}
