internal import Hypervisor
internal import Inventory
internal import Synchronization
internal import Values

/// libvirt's part of a migration: the call, or one that somebody else began, and the events around it.
final class MigrationJob: Sendable {
    struct Result: Sendable {
        /// What the call reported; a hint, not the truth.
        let problem: String?
        /// libvirt's own record of the job.
        let final: JobProgress?
    }

    private enum Signal: Sendable {
        case ended(String?)
        case interrupted, graceIsOver
    }

    /// How long after an interrupt a second one still calls the migration off.
    package static let grace = Duration.seconds(2)

    private let hosts: MigrationHosts
    private let vm: String
    private let uuid: String
    /// Whether the guest is to run as soon as the source's copy is gone.
    private let resumes: Bool
    private let watch: MigrationWatch
    private let control: MigrationControl
    private let clock: SwitchoverClock
    private let final = Mutex<JobProgress?>(nil)
    /// Talks over the source's channel, which one task at a time may use.
    private let lookingOut = Mutex<Task<Void, Never>?>(nil)

    init(
        hosts: MigrationHosts, vm: String, uuid: String, resumes: Bool, watch: MigrationWatch,
        control: MigrationControl,
        clock: SwitchoverClock
    ) {
        self.hosts = hosts
        self.vm = vm
        self.uuid = uuid
        self.resumes = resumes
        self.watch = watch
        self.control = control
        self.clock = clock
    }

    private var domain: DomainReference { .uuid(uuid) }

    /// Runs until libvirt's call returns, or until the job that is under way already has ended.
    /// - Parameter request: nil for a migration that is under way.
    /// - Throws: `CancellationError` when the task was cancelled: that lets go of the migration, which goes on by itself;
    ///   ``HostProblem``.
    func run(_ request: MigrationRequest?) async throws -> Result {
        try await listen()
        // libvirt's call cannot be cancelled, and need not be: it belongs to the hosts. What waits for it can.
        let (signals, signal) = AsyncStream.makeStream(of: Signal.self)
        Task {
            let problem = if let request { await call(request) } else { await waitForEnd() }
            await resumeOnceGone()
            signal.yield(.ended(problem))
        }
        let watching = Task { [watch] in await watch.run() }
        defer { watching.cancel() }
        let problem = try await withTaskCancellationHandler {
            // In a task of its own: a stream gives nothing to one that is cancelled.
            try await Task { [control] () throws -> String? in
                for await event in signals {
                    switch event {
                    case .ended(let problem): return problem
                    case .interrupted:
                        Task {
                            try? await Task.sleep(for: Self.grace)
                            signal.yield(.graceIsOver)
                        }
                    case .graceIsOver:
                        // Called off: then its end is waited for.
                        guard control.isCancelled else { throw CancellationError() }
                    }
                }
                throw CancellationError()
            }.value
        } onCancel: {
            signal.yield(.interrupted)
        }
        await lookingOut.withLock { $0 }?.value
        return Result(problem: problem, final: await finalFigures())
    }

    /// The streams end with the connections, which outlive this job: the resume comes after it.
    private func listen() async throws(HostProblem) {
        let atSource = try await hosts.source.ask { hypervisor throws(HypervisorError) in
            try await hypervisor.events()
        }
        let atDestination = try await hosts.destination.ask { hypervisor throws(HypervisorError) in
            try await hypervisor.events()
        }
        let process = Task { [hosts, vm, uuid, resumes] in
            resumes ? await SourceProcess.find(vm: vm, uuid: uuid, on: hosts.source) : nil
        }
        lookingOut.withLock { $0 = Task { _ = await process.value } }
        Task {
            for await event in atSource where event.domain?.uuid == uuid {
                clock.heardAtSource(event)
                if case .jobCompleted(let figures) = event.kind { final.withLock { $0 = figures } }
                guard case .lifecycle(let life) = event.kind else { continue }
                if life.event == .stopped { Task { await resumeOnceGone() } }
                if life.event == .suspended, life.detailName == "migrated" { lookOut(for: process) }
            }
        }
        Task { [clock] in for await event in atDestination { clock.heardAtDestination(event) } }
    }

    /// After what talks over the channel already: one that was made to stand still is suspended twice.
    private func lookOut(for process: Task<SourceProcess?, Never>) {
        lookingOut.withLock { last in
            last = Task { [before = last] in
                await before?.value
                if await process.value?.waitForEnd() == true { await resumeOnceGone(processEnded: true) }
            }
        }
    }

    /// What libvirt reports; nil for success.
    private func call(_ request: MigrationRequest) async -> String? {
        do throws(HypervisorError) {
            try await hosts.source.hypervisor.migrate(domain, request)
            return nil
        } catch {
            return error.description
        }
    }

    private func waitForEnd() async -> String? {
        while true {
            do throws(HypervisorError) {
                guard try await hosts.source.hypervisor.jobStats(domain).isActive else { return nil }
            } catch {
                return error.code == .noDomain || error.code == .operationInvalid ? nil : error.description
            }
            try? await Task.sleep(for: .milliseconds(200))
        }
    }

    /// At once, while it stands still: settling looks more slowly. Nothing is done where anything is in doubt.
    /// - Parameter processEnded: whether the source's process is known to be no more.
    private func resumeOnceGone(processEnded: Bool = false) async {
        guard resumes else { return }
        let destination = hosts.destination.hypervisor
        async let gone = isGone(processEnded)
        // Complete only when libvirt has said so: a guest whose source died on the way never comes to that.
        guard (try? await destination.sideState(of: domain, on: .destination)) == .pausedByUs, await gone else {
            return
        }
        try? await destination.resume(domain)
    }

    private func isGone(_ processEnded: Bool) async -> Bool {
        if processEnded { return true }
        let state = try? await hosts.source.hypervisor.sideState(of: domain, on: .source)
        return state == .absent || state == .shutOffMigrated
    }

    private func finalFigures() async -> JobProgress? {
        // The destination has it from the source; a guest that failed, or is transient, leaves the event alone.
        let kept = try? await hosts.destination.hypervisor.completedJob(domain)
        return kept ?? final.withLock { $0 }
    }

    /// The event of the resume may come a moment after the call that made it.
    func waitForResume(_ end: MigrationSettlement.End?) async {
        guard end == .migrated, resumes else { return }
        for _ in 0..<20 where !clock.hasResumed { try? await Task.sleep(for: .milliseconds(50)) }
    }
}
