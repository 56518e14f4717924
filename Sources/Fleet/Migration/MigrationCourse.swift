internal import Hypervisor
internal import Values

/// A migration from the moment libvirt is asked, or is found at work on it, until both hosts are settled.
struct MigrationCourse: Sendable {
    let hosts: MigrationHosts
    let subject: MigrationOutcome.Subject
    let uuid: String
    /// Files that the source lets go of when the guest has moved.
    let moved: [String]
    /// Files that this operation makes at the destination.
    let made: [String]
    let autostart: Bool
    /// Whether its user had paused the guest: it stays so.
    let staysPaused: Bool
    let options: MigrationOptions
    let log: OperationLog
    let control: MigrationControl
    let tell: @Sendable (MigrationProgress) -> Void

    /// - Parameters:
    ///   - request: nil for a migration that is under way.
    ///   - copied: how many disks libvirt copies.
    ///   - began: by ``Clock/monotonic``.
    /// - Throws: ``MigrationDetached`` when the task was cancelled and the migration goes on by itself.
    func run(_ request: MigrationRequest?, copied: Int, since began: UInt64) async throws -> MigrationOutcome {
        let clock = SwitchoverClock(uuid: uuid)
        let watch = MigrationWatch(
            source: hosts.source, uuid: uuid, options: options, disks: copied, control: control, log: log, tell: tell)
        let job = MigrationJob(
            hosts: hosts, vm: subject.vm, uuid: uuid, resumes: options.arrivesPaused && !staysPaused, watch: watch,
            control: control,
            clock: clock)
        let result: MigrationJob.Result
        do {
            result = try await job.run(request)
        } catch is CancellationError {
            throw MigrationDetached(operation: log.id)
        } catch {
            // libvirt may or may not have been asked: what both hosts have decides.
            result = MigrationJob.Result(problem: "\(error)", final: nil)
        }
        tell(.step("looking at both hosts"))
        let problem = watch.calledOff ?? result.problem
        try log.record(MigrationStep.returned.rawValue, Mapping([("problem", problem.map { Value($0) } ?? .null)]))
        // Seen through though the task is cancelled: half a settlement helps nobody.
        let settlement = MigrationSettlement(hosts: hosts, uuid: uuid, log: log, options: options)
        let end: MigrationSettlement.End?
        var unknown: Diagnostic?
        do {
            end = try await Task {
                try await settlement.settle(moved: moved, made: made, autostart: autostart, problem: problem)
            }.value
        } catch let found as MigrationUnknown {
            end = nil
            unknown = found.diagnostic
        }
        await job.waitForResume(end)
        let diskBytes = end == .migrated ? await movedBytes() : 0
        return MigrationOutcome(
            subject: subject, operation: log.id, isMigrated: end == .migrated, unknown: unknown, problem: problem,
            seconds: Clock.seconds(since: began), downtimeMilliseconds: clock.downtimeMilliseconds,
            job: result.final, diskBytes: max(watch.diskBytes, diskBytes))
    }

    /// What the moved disks came to at the destination, for what was copied between two looks at the job.
    private func movedBytes() async -> UInt64 {
        var bytes: UInt64 = 0
        for path in moved {
            bytes += (try? await hosts.destination.hypervisor.volume(path: path))?.allocation ?? 0
        }
        return bytes
    }
}
