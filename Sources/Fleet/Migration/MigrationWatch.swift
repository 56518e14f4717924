internal import Hypervisor
internal import Inventory
internal import Synchronization
internal import Values

/// Looks after a migration while libvirt works on it: tells its figures, and presses it to its end as the user said.
final class MigrationWatch: Sendable {
    private struct Notes {
        /// Bytes of disk: libvirt's final record of a migration leaves its mirrors out.
        var diskBytes: UInt64 = 0
        var calledOff: String?
        var isCancelling = false
        var isTooLate = false
    }

    /// Between two looks.
    private static let pause = Duration.milliseconds(200)

    private let source: MigrationHosts.Side
    private let uuid: String
    private let options: MigrationOptions
    /// How many disks are copied.
    private let disks: Int
    private let control: MigrationControl
    private let log: OperationLog
    private let tell: @Sendable (MigrationProgress) -> Void
    private let notes = Mutex(Notes())

    init(
        source: MigrationHosts.Side, uuid: String, options: MigrationOptions, disks: Int, control: MigrationControl,
        log: OperationLog, tell: @escaping @Sendable (MigrationProgress) -> Void
    ) {
        self.source = source
        self.uuid = uuid
        self.options = options
        self.disks = disks
        self.control = control
        self.log = log
        self.tell = tell
    }

    private var domain: DomainReference { .uuid(uuid) }

    /// Bytes of disk that were seen to be copied.
    var diskBytes: UInt64 { notes.withLock { $0.diskBytes } }

    /// Why it was called off; nil when it was not.
    var calledOff: String? { notes.withLock { $0.calledOff } }

    /// Until cancelled.
    func run() async {
        var convergence = Convergence(options)
        var meter = MigrationMeter(maxDowntime: options.maxDowntime)
        var share = options.bandwidth.map { BandwidthShare(bandwidth: $0, disks: disks) }
        if log.has(.pausing) || log.has(.postcopy) { convergence.rest() }
        while !Task.isCancelled {
            do { try await Task.sleep(for: Self.pause) } catch { return }
            if control.isCancelled { await callOff("cancelled") }
            guard let job = try? await source.hypervisor.jobStats(domain), job.isActive else { continue }
            notes.withLock { $0.diskBytes = max($0.diskBytes, job.disk.processed) }
            let elapsed = Int(clamping: job.elapsed)
            let figures = meter.read(job, elapsed: elapsed)
            tell(.copying(figures))
            if figures.phase == .memory, let speed = share?.change(diskRate: meter.diskRate ?? 0) {
                try? await source.hypervisor.setMaxSpeed(domain, mebibytes: UInt64(speed))
            }
            for step in convergence.next(job, elapsed: elapsed) { await take(step) }
        }
    }

    private func take(_ step: Convergence.Step) async {
        switch step {
        case .allowDowntime(let milliseconds):
            try? await source.hypervisor.setMaxDowntime(domain, milliseconds: UInt64(milliseconds))
        case .cancel(let why): await callOff(why)
        case .pause(let why):
            await press(.pausing, "\(why): it stands still until the rest is copied") { hypervisor, domain in
                try await hypervisor.suspend(domain)
            }
        case .startPostcopy(let why):
            await press(.postcopy, "\(why): it runs at the destination and fetches the rest") { hypervisor, domain in
                try await hypervisor.startPostcopy(domain)
            }
        }
    }

    /// What cannot be done leaves one way out.
    private func press(
        _ step: MigrationStep, _ words: String,
        _ body: (HypervisorConnection, DomainReference) async throws -> Void
    ) async {
        do {
            try log.record(step.rawValue, Mapping([("why", Value(words))]))
            tell(.step(words))
            try await body(source.hypervisor, domain)
        } catch {
            await callOff("\(words), which failed: \(error)")
        }
    }

    /// As long as it has not switched over: then it is too late, and its end is what it is.
    private func callOff(_ why: String) async {
        guard notes.withLock({ $0.calledOff == nil && !$0.isTooLate }) else { return }
        do {
            if !notes.withLock({ $0.isCancelling }) {
                try log.record(MigrationStep.cancelling.rawValue, Mapping([("why", Value(why))]))
                tell(.step("\(why): the migration is called off"))
                notes.withLock { $0.isCancelling = true }
            }
            try await source.hypervisor.abortJob(domain)
            notes.withLock { $0.calledOff = why }
        } catch let error as HypervisorError where error.code == .operationInvalid {
            // Not begun yet, or past its switch-over: only the former is tried again.
            let hasJob = (try? await source.hypervisor.jobStats(domain))?.isActive ?? false
            let isOver = (try? await source.hypervisor.sideState(of: domain, on: .source)) != .running
            notes.withLock { $0.isTooLate = hasJob || isOver }
        } catch {
            tell(
                .warning(.warning("the migration could not be called off", detail: "\(error)", host: source.host.name)))
        }
    }
}

/// The steps of a migration's journal that decide how it is to be ended.
enum MigrationStep: String, Sendable {
    case preparing, migrating, returned
    /// The guest is made to stand still so that it converges: whoever ends it must let it run again.
    case pausing
    case postcopy, cancelling
}

extension OperationLog {
    /// Whether a step was taken.
    func has(_ step: MigrationStep) -> Bool {
        folder.read(id)?.steps.contains { $0["step"]?.string == step.rawValue } ?? false
    }
}
