internal import Hypervisor

/// Brings a migration to its end: the guest may stand still for little at first, then for longer, up to what the user
/// allowed, while libvirt slows it more and more; what still does not converge, or not in time, is ended as the user
/// said. Takes figures as time goes on, and says what is to be done next.
struct Convergence: Sendable {
    enum Step: Sendable, Equatable {
        /// Milliseconds.
        case allowDowntime(Int)
        /// For the reason in words.
        case cancel(String)
        case pause(String)
        case startPostcopy(String)
    }

    /// Parts of the longest downtime, one for each pass over the memory that was not the last.
    private static let rungs = [0.1, 0.25, 0.5, 0.75, 1]
    /// Throttled as far as it goes, in percent.
    private static let fullThrottle: UInt64 = 95
    /// Passes without progress: when the guest is throttled to the full, and when it cannot be.
    private static let patience = (throttled: 3, unthrottled: 30)

    let maxDowntime: Int
    /// Milliseconds.
    let deadline: Int?
    let ifStuck: MigrationOptions.IfStuck
    private var rung = 0
    private var pass = 1
    private var idlePasses = 0
    private var isDecided = false

    init(_ options: MigrationOptions) {
        maxDowntime = options.maxDowntime
        deadline = options.deadline.map { $0 * 1000 }
        ifStuck = options.ifStuck
    }

    /// Whoever had it before has made the last move already.
    mutating func rest() { isDecided = true }

    /// What it begins with.
    var firstDowntime: Int { downtime(at: 0) }

    private func downtime(at rung: Int) -> Int { max(1, Int(Double(maxDowntime) * Self.rungs[rung])) }

    /// - Parameter elapsed: milliseconds since it began.
    mutating func next(_ job: JobProgress, elapsed: Int) -> [Step] {
        guard !isDecided else { return [] }
        var steps: [Step] = []
        let passes = Int(clamping: job.iteration ?? 0)
        if passes > pass {
            pass = passes
            count(job)
            if rung < Self.rungs.count - 1 {
                rung += 1
                steps.append(.allowDowntime(downtime(at: rung)))
            }
        }
        if let reason = reason(job, elapsed), let end = end(job, reason) {
            isDecided = true
            steps.append(end)
        }
        return steps
    }

    /// At the end of a pass: whether it got anywhere.
    private mutating func count(_ job: JobProgress) {
        guard rung == Self.rungs.count - 1, let dirtyRate = job.dirtyRate, let rate = job.memoryRate else { return }
        idlePasses = dirtyRate * (job.pageSize ?? 4096) >= rate ? idlePasses + 1 : 0
    }

    private func reason(_ job: JobProgress, _ elapsed: Int) -> String? {
        if let deadline, elapsed >= deadline { return "the deadline of \(deadline / 1000) s is over" }
        let isFull = (job.throttle ?? 0) >= Self.fullThrottle
        guard idlePasses >= (isFull ? Self.patience.throttled : Self.patience.unthrottled) else { return nil }
        return "the guest changes its memory faster than it can be sent"
    }

    private func end(_ job: JobProgress, _ reason: String) -> Step? {
        switch ifStuck {
        case .cancel: .cancel(reason)
        case .pause: .pause(reason)
        // Only memory can be fetched afterwards: the disks have to be there.
        case .postcopy: job.memory.total > 0 ? .startPostcopy(reason) : nil
        }
    }
}
