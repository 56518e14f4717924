internal import Hypervisor
internal import Inventory
internal import Values

/// Whether a disk that names a pool and a volume means the same at both hosts: pools of one name may be anything.
struct PoolVolumeProof {
    let hosts: MigrationHosts

    /// - Returns: the volume's path, the same at both; nil for a volume without one, of storage that both hosts reach.
    func place(
        of name: String, in pool: String, _ target: String
    ) async throws(HostProblem) -> Result<String?, Diagnostic> {
        func refused(_ words: String, at side: MigrationHosts.Side, hint: String? = nil) -> Result<String?, Diagnostic>
        {
            .failure(
                .error(
                    "the disk \(target) is the volume \"\(name)\" of the pool \"\(pool)\"", detail: words,
                    hint: hint, host: side.host.name))
        }
        let volume = try await hosts.source.ask { hypervisor throws(HypervisorError) in
            try await hypervisor.pool(pool)?.isActive == true ? try await hypervisor.volume(name, in: pool) : nil
        }
        guard let volume else { return refused("which the source does not have", at: hosts.source) }
        let here = try await document(pool, hosts.source)
        let there = try await document(pool, hosts.destination)
        guard volume.type == "network" else {
            // A directory can be made a pool of that name; everything else has to be one.
            guard let there else {
                guard here?[attribute: "type"] == "dir" else {
                    return refused("which the destination does not have", at: hosts.destination)
                }
                return .success(volume.path)
            }
            let folder = there.first("target", "path")?.text
            guard folder == here?.first("target", "path")?.text else {
                return refused("which is at \"\(folder ?? "")\" there", at: hosts.destination)
            }
            return .success(volume.path)
        }
        guard let here, let there, here[attribute: "type"] == there[attribute: "type"],
            here.first("source") == there.first("source")
        else {
            return refused(
                "which the destination does not have, or of another storage", at: hosts.destination,
                hint: "define it there as it is at \(hosts.source.host.name)")
        }
        return .success(nil)
    }

    private func document(_ pool: String, _ side: MigrationHosts.Side) async throws(HostProblem) -> XMLElement? {
        try await side.ask { hypervisor throws(HypervisorError) in try await hypervisor.poolDocument(pool) }
    }
}
