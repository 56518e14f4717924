internal import Hypervisor
package import Values

/// How far a migration is, and where it leads at this rate.
package struct MigrationFigures: Sendable, Equatable {
    package enum Phase: String, Sendable { case disks, memory }

    package var phase: Phase
    /// Bytes; what is sent again counts again.
    package var done: Int
    package var total: Int
    /// Bytes a second that flow; nil until that is known.
    package var rate: Int?
    /// Bytes of memory a second that the guest changes.
    package var dirtied: Int?
    /// Milliseconds that the guest would stand still if the rest were sent now.
    package var downtime: Int?
    /// Seconds to its end; nil when it comes to none at this rate, and while that is not known.
    package var secondsLeft: Int?
    /// False: the guest changes its memory faster than it is sent.
    package var converges: Bool?
    package var elapsed: Double
    /// Passes over the memory.
    package var passes: Int
    /// How much the guest is slowed, in percent.
    package var throttle: Int?

    var fields: Mapping {
        func value(_ number: Int?) -> Value { number.map { Value($0) } ?? .null }
        return Mapping([
            ("phase", Value(phase.rawValue)), ("done_bytes", Value(done)), ("total_bytes", Value(total)),
            ("bytes_per_second", value(rate)), ("dirtied_bytes_per_second", value(dirtied)),
            ("predicted_downtime_ms", value(downtime)), ("predicted_seconds_left", value(secondsLeft)),
            ("converges", converges.map { Value($0) } ?? .null), ("elapsed_seconds", Value(elapsed)),
            ("passes", Value(passes)), ("throttle_percent", value(throttle)),
        ])
    }
}

/// Makes figures of what libvirt reports from time to time.
struct MigrationMeter {
    /// Milliseconds that the guest may stand still.
    let maxDowntime: Int
    private var lastDisk: (bytes: UInt64, at: Int)?
    /// Bytes a second of the disks, of late.
    private(set) var diskRate: Int?

    init(maxDowntime: Int) { self.maxDowntime = maxDowntime }

    /// - Parameter elapsed: milliseconds since it began.
    mutating func read(_ job: JobProgress, elapsed: Int) -> MigrationFigures {
        measureDisks(job, elapsed)
        let isMemory = job.memory.total > 0
        let rate = isMemory ? job.memoryRate.flatMap { $0 > 0 ? Int(clamping: $0) : nil } : diskRate
        let dirtied = job.dirtyRate.map { Int(clamping: $0 * (job.pageSize ?? 4096)) }
        var figures = MigrationFigures(
            phase: isMemory ? .memory : .disks, done: Int(clamping: job.disk.processed + job.memory.processed),
            total: Int(
                clamping: job.disk.processed + job.disk.remaining + job.memory.processed + job.memory.remaining),
            rate: rate, dirtied: dirtied, downtime: nil, secondsLeft: nil, converges: nil,
            elapsed: Double(elapsed) / 1000, passes: Int(clamping: job.iteration ?? 0),
            throttle: job.throttle.map { Int(clamping: $0) })
        guard let rate, rate > 0 else { return figures }
        guard isMemory else {
            figures.secondsLeft = Int(clamping: job.disk.remaining) / rate
            return figures
        }
        let remaining = Int(clamping: job.memory.remaining)
        let standing = Int(Double(remaining) / Double(rate) * 1000)
        figures.downtime = standing
        // During the first pass nothing is known yet of what changes.
        guard figures.passes > 1, let dirtied else { return figures }
        let converges = dirtied < rate || standing <= maxDowntime
        figures.converges = converges
        if converges { figures.secondsLeft = remaining / max(1, rate - min(dirtied, rate - 1)) }
        return figures
    }

    private mutating func measureDisks(_ job: JobProgress, _ elapsed: Int) {
        guard let last = lastDisk else {
            lastDisk = (job.disk.processed, elapsed)
            return
        }
        guard elapsed - last.at >= 500, job.disk.processed >= last.bytes else { return }
        diskRate = Int(Double(job.disk.processed - last.bytes) / Double(elapsed - last.at) * 1000)
        lastDisk = (job.disk.processed, elapsed)
    }
}
