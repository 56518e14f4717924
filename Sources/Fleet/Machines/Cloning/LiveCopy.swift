internal import Hypervisor
internal import Inventory
internal import Values

/// Copies disks of a running VM as they are at one moment, while its guest goes on. The guest's agent, where there is one,
/// stops writing for that moment.
struct LiveCopy {
    let held: HeldMachine
    let log: OperationLog
    let say: @Sendable (String) -> Void

    private var connection: HypervisorConnection { held.connection }

    /// - Parameters:
    ///   - copies: the guest's name of each disk, and the file that is there for its copy.
    ///   - others: the guest's names of the disks that are not copied.
    /// - Returns: whether the guest had stopped writing.
    func make(_ copies: [(target: String, path: String, format: String)], others: [String]) async throws -> Bool {
        // Written down before the guest is stopped: whoever settles this sets it going again.
        try log.record("copying")
        var hasBegun = false
        do {
            let isRunning = held.found.machine.state.activity == .running
            let isFrozen = isRunning ? (try? await connection.freeze(held.domain)) != nil : false
            try await connection.beginCopy(of: held.domain, to: copies, others: others)
            hasBegun = true
            // Also when this was interrupted: a guest must not stay frozen.
            if isFrozen { try await Task { try await connection.thaw(held.domain) }.value }
            try await finish()
            try log.record("copied")
            return isFrozen
        } catch {
            // A job that stands in the way is somebody else's.
            await Task { [hasBegun] in
                try? await connection.thaw(held.domain)
                if hasBegun { try? await connection.abortJob(held.domain) }
            }.value
            throw error
        }
    }

    private func finish() async throws {
        while true {
            let job = try await connection.jobStats(held.domain)
            guard job.isActive else { break }
            say("copying \(held.name): \(job.disk.processed * 100 / max(1, job.disk.total)) %")
            try await Task.sleep(for: .milliseconds(200))
        }
        let end = try await connection.completedJob(held.domain)
        guard end?.phase == .completed else {
            throw Diagnostics(
                .error(
                    "QEMU did not finish copying the disks of \"\(held.name)\"", detail: end?.errorMessage,
                    hint: "look at its log with `journalctl -u libvirtd`", host: held.found.host.name))
        }
    }

    /// Whether a copy was begun, as far as anybody wrote down, and not ended.
    static func isUnfinished(_ record: OperationRecord) -> Bool {
        let steps = record.steps.compactMap { $0["step"]?.string }
        return steps.contains("copying") && !steps.contains("copied")
    }

    /// Lets go of a VM whose copying was cut off: its guest writes again, and the copying ends.
    static func letGo(
        of domain: DomainReference, _ record: OperationRecord, over connection: HypervisorConnection
    ) async throws(HypervisorError) {
        guard isUnfinished(record), let now = try await connection.domain(domain), now.state.isActive else { return }
        // Fails where nothing is frozen, or nobody answers who could thaw it.
        try? await connection.thaw(domain)
        guard try await connection.jobStats(domain).isActive else { return }
        try? await connection.abortJob(domain)
        for _ in 0..<100 where try await connection.jobStats(domain).isActive {
            try? await Task.sleep(for: .milliseconds(100))
        }
    }
}
