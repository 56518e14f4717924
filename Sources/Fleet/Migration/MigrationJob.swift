internal import Hypervisor
internal import Inventory
internal import Synchronization
internal import Values

/// libvirt's part of a migration: the call, its progress, and the events around it.
final class MigrationJob: Sendable {
    struct Result: Sendable {
        /// What the call reported; a hint, not the truth.
        let problem: String?
        let final: JobProgress?
        /// Bytes of disk that were copied: libvirt's final record of a migration leaves its mirrors out.
        let diskBytes: UInt64
    }

    let hosts: MigrationHosts
    let plan: MigrationPlan
    let options: MigrationOptions
    let clock: SwitchoverClock
    let tell: @Sendable (MigrationProgress) -> Void
    private let copied = Mutex<UInt64>(0)

    init(
        hosts: MigrationHosts, plan: MigrationPlan, options: MigrationOptions, clock: SwitchoverClock,
        tell: @escaping @Sendable (MigrationProgress) -> Void
    ) {
        self.hosts = hosts
        self.plan = plan
        self.options = options
        self.clock = clock
        self.tell = tell
    }

    /// Runs until libvirt's call returns. Cancelling the task lets go of the migration, which goes on by itself.
    func run() async throws -> Result {
        let atSource = try await hosts.source.ask { hypervisor throws(HypervisorError) in
            try await hypervisor.events()
        }
        let atDestination = try await hosts.destination.ask { hypervisor throws(HypervisorError) in
            try await hypervisor.events()
        }
        // They end with the connections, which outlive this call: the resume comes after it.
        Task { [clock] in for await event in atSource { clock.heardAtSource(event) } }
        Task { [clock] in for await event in atDestination { clock.heardAtDestination(event) } }
        let request = try request()
        // libvirt's call cannot be cancelled, and need not be: it belongs to the hosts. What waits for it can.
        let (answers, answer) = AsyncStream.makeStream(of: String?.self)
        Task {
            answer.yield(await call(request))
            answer.finish()
        }
        let problem = try await withThrowingTaskGroup(of: String?.self) { group in
            group.addTask {
                for await problem in answers { return problem }
                throw CancellationError()
            }
            group.addTask {
                try await self.watch()
                return nil
            }
            defer { group.cancelAll() }
            return try await group.next() ?? nil
        }
        return Result(problem: problem, final: await finalFigures(), diskBytes: copied.withLock { $0 })
    }

    /// What libvirt reports; nil for success.
    private func call(_ request: MigrationRequest) async -> String? {
        do throws(HypervisorError) {
            try await hosts.source.hypervisor.migrate(.uuid(plan.uuid), request)
            return nil
        } catch {
            return error.description
        }
    }

    private func request() throws -> MigrationRequest {
        let address = plan.destination.address
        return MigrationRequest(
            destinationURI: try .tls(address: address, pkiDirectory: nil),
            migrateURI: try MigrationRequest.dataURI(address: address),
            tlsDestination: options.plain ? nil : address, storage: plan.storage,
            migrateDisks: plan.storage == .shared
                ? [] : plan.disks.filter(\.isMirrored).map(\.target),
            tls: !options.plain, bandwidthMiB: options.bandwidthMiB)
    }

    /// Until cancelled: the figures twice a second, the cap on the downtime as soon as the job takes it.
    private func watch() async throws {
        var isCapped = false
        while true {
            try await Task.sleep(for: .milliseconds(300))
            guard let job = try? await hosts.source.hypervisor.jobStats(.uuid(plan.uuid)), job.isActive else {
                continue
            }
            copied.withLock { $0 = max($0, job.disk.processed) }
            if !isCapped {
                let cap = options.maxDowntime
                isCapped =
                    (try? await hosts.source.hypervisor.setMaxDowntime(.uuid(plan.uuid), milliseconds: cap)) != nil
            }
            tell(
                .copying(
                    moved: job.data.processed, total: job.data.processed + job.data.remaining,
                    rate: job.memoryRate, dirtied: job.dirtyRate.map { $0 * (job.pageSize ?? 4096) }))
        }
    }

    private func finalFigures() async -> JobProgress? {
        if let job = try? await hosts.destination.hypervisor.completedJob(.uuid(plan.uuid)) { return job }
        return try? await hosts.source.hypervisor.completedJob(.uuid(plan.uuid))
    }

    /// The event of the resume may come a moment after the call that made it.
    func waitForResume(_ end: MigrationSettlement.End?) async {
        guard end == .migrated else { return }
        for _ in 0..<20 where !clock.hasResumed { try? await Task.sleep(for: .milliseconds(50)) }
    }
}
