internal import CLibvirt

/// How far a domain's job (a migration) is, as the source host reports it. Amounts are bytes, times milliseconds.
public struct JobProgress: Sendable, Hashable {
    /// libvirt's `virDomainJobType`.
    public enum Phase: Int32, Sendable, Hashable {
        case none, bounded, unbounded, completed, failed, cancelled
    }

    /// Part of what moves.
    public struct Amount: Sendable, Hashable {
        public var total: UInt64
        public var processed: UInt64
        public var remaining: UInt64

        public init(total: UInt64 = 0, processed: UInt64 = 0, remaining: UInt64 = 0) {
            self.total = total
            self.processed = processed
            self.remaining = remaining
        }
    }

    public var phase: Phase
    public var elapsed: UInt64
    /// Everything; what is read again after a change counts again as processed.
    public var data = Amount()
    public var memory = Amount()
    public var disk = Amount()
    /// Bytes a second.
    public var memoryRate: UInt64?
    public var diskRate: UInt64?
    /// Pages of `pageSize` bytes that the guest changes in a second.
    public var dirtyRate: UInt64?
    public var pageSize: UInt64?
    /// Passes over the memory.
    public var iteration: UInt64?
    /// The pause that is expected while it runs, and the one that was in the final record.
    public var downtime: UInt64?
    public var setup: UInt64?
    /// How much auto-converge slows the guest, in percent.
    public var throttle: UInt64?
    /// In the final record: why it failed.
    public var errorMessage: String?

    public init(phase: Phase, elapsed: UInt64 = 0) {
        self.phase = phase
        self.elapsed = elapsed
    }

    /// - Parameter type: libvirt's job type; nil in a final record that came with an event.
    init(_ values: TypedParameters, type: Int32?) {
        let succeeded = values.flag(VIR_DOMAIN_JOB_SUCCESS)
        let final: Phase = succeeded == false ? .failed : .completed
        self.init(
            phase: type.flatMap { Phase(rawValue: $0) } ?? final,
            elapsed: values.number(VIR_DOMAIN_JOB_TIME_ELAPSED) ?? 0)
        data = Amount(
            total: values.number(VIR_DOMAIN_JOB_DATA_TOTAL) ?? 0,
            processed: values.number(VIR_DOMAIN_JOB_DATA_PROCESSED) ?? 0,
            remaining: values.number(VIR_DOMAIN_JOB_DATA_REMAINING) ?? 0)
        memory = Amount(
            total: values.number(VIR_DOMAIN_JOB_MEMORY_TOTAL) ?? 0,
            processed: values.number(VIR_DOMAIN_JOB_MEMORY_PROCESSED) ?? 0,
            remaining: values.number(VIR_DOMAIN_JOB_MEMORY_REMAINING) ?? 0)
        disk = Amount(
            total: values.number(VIR_DOMAIN_JOB_DISK_TOTAL) ?? 0,
            processed: values.number(VIR_DOMAIN_JOB_DISK_PROCESSED) ?? 0,
            remaining: values.number(VIR_DOMAIN_JOB_DISK_REMAINING) ?? 0)
        memoryRate = values.number(VIR_DOMAIN_JOB_MEMORY_BPS)
        diskRate = values.number(VIR_DOMAIN_JOB_DISK_BPS)
        dirtyRate = values.number(VIR_DOMAIN_JOB_MEMORY_DIRTY_RATE)
        pageSize = values.number(VIR_DOMAIN_JOB_MEMORY_PAGE_SIZE)
        iteration = values.number(VIR_DOMAIN_JOB_MEMORY_ITERATION)
        downtime = values.number(VIR_DOMAIN_JOB_DOWNTIME)
        setup = values.number(VIR_DOMAIN_JOB_SETUP_TIME)
        throttle = values.number(VIR_DOMAIN_JOB_AUTO_CONVERGE_THROTTLE)
        errorMessage = values.text(VIR_DOMAIN_JOB_ERRMSG)
    }

    /// Whether something is still to come.
    public var isActive: Bool { phase == .bounded || phase == .unbounded }
}

extension HypervisorConnection {
    /// The job of a domain; `phase` is `none` when it has none. May be called while `migrate` runs on this connection.
    public func jobStats(_ domain: DomainReference) async throws(HypervisorError) -> JobProgress {
        try await jobStats(domain, flags: 0)
    }

    /// The final record of the domain's last job, while its host still has it; nil when there is none.
    ///
    /// After a migration it is the destination's copy that keeps it.
    public func completedJob(_ domain: DomainReference) async throws(HypervisorError) -> JobProgress? {
        let flags = VIR_DOMAIN_JOB_STATS_COMPLETED.rawValue | VIR_DOMAIN_JOB_STATS_KEEP_COMPLETED.rawValue
        let progress = try await jobStats(domain, flags: flags)
        return progress.phase == .none ? nil : progress
    }

    /// Cancels the domain's job; a migration that has not switched over leaves the guest running on the source.
    public func abortJob(_ domain: DomainReference) async throws(HypervisorError) {
        try await actAtOnce("abort the job of", domain, virDomainAbortJob)
    }

    /// The most that a migration may send of memory, in MiB a second; also while it runs.
    public func setMaxSpeed(_ domain: DomainReference, mebibytes: UInt64) async throws(HypervisorError) {
        try await actAtOnce("set the speed of the migration of", domain) {
            virDomainMigrateSetMaxSpeed($0, UInt(mebibytes), 0)
        }
    }

    /// Has a guest that is being migrated run at the destination before all of its memory is there; only where the
    /// migration was begun with `postcopy`, and only once memory flows.
    public func startPostcopy(_ domain: DomainReference) async throws(HypervisorError) {
        try await actAtOnce("start post-copy of", domain) { virDomainMigrateStartPostCopy($0, 0) }
    }

    /// How long the guest may stand still at the switch-over; before a migration or while it runs.
    public func setMaxDowntime(
        _ domain: DomainReference, milliseconds: UInt64
    ) async throws(HypervisorError) {
        try await actAtOnce("set the longest downtime of", domain) {
            virDomainMigrateSetMaxDowntime($0, milliseconds, 0)
        }
    }

    private func jobStats(_ domain: DomainReference, flags: UInt32) async throws(HypervisorError) -> JobProgress {
        try await call("ask for the job of \(domain)") { call throws(HypervisorError) in
            try call.domain(domain) { found throws(HypervisorError) in
                var type: Int32 = 0
                var parameters: virTypedParameterPtr?
                var count: Int32 = 0
                try call.check(virDomainGetJobStats(found, &type, &parameters, &count, flags))
                defer { virTypedParamsFree(parameters, count) }
                return JobProgress(TypedParameters(borrowing: parameters, count: count), type: type)
            }
        }
    }
}
