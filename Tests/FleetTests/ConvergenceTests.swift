import Hypervisor
import Testing
import Values

@testable import Fleet

@Suite struct ConvergenceTests {
    private static func options(_ line: FixtureCase) throws -> MigrationOptions {
        var options = MigrationOptions()
        options.maxDowntime = try #require(line["max_downtime"]?.int)
        options.deadline = line["deadline"]?.int
        options.ifStuck = try #require(MigrationOptions.IfStuck(rawValue: line["if_stuck"]?.string ?? ""))
        return options
    }

    private static func job(_ row: [Double]) -> JobProgress {
        var job = JobProgress(phase: .unbounded, elapsed: UInt64(row[0] * 1000))
        job.iteration = UInt64(row[1])
        if row[1] > 0 {
            let left = UInt64(row[2]) << 20
            job.memory = .init(total: 1000 << 20, processed: 100 << 20, remaining: left)
        } else {
            job.disk = .init(total: 1000 << 20, processed: UInt64(row[0]) << 20, remaining: 100 << 20)
        }
        job.memoryRate = UInt64(row[3]) << 20
        job.pageSize = 4096
        job.dirtyRate = UInt64(row[4]) << 8
        job.throttle = UInt64(row[5])
        return job
    }

    private static func word(_ steps: [Convergence.Step]) -> String {
        steps.map { step in
            switch step {
            case .allowDowntime(let milliseconds): "downtime \(milliseconds)"
            case .cancel: "cancel"
            case .pause: "pause"
            case .startPostcopy: "postcopy"
            }
        }.joined(separator: ", ")
    }

    private static func rows(_ line: FixtureCase) throws -> [[Double]] {
        let rows = try #require(line["figures"]?.list).map { row in (row.list ?? []).compactMap { $0.double } }
        guard let times = line["repeat"]?.int, let first = rows.first else { return rows }
        return (0..<times).map { time in
            var row = first
            row[0] += Double(time)
            row[1] += Double(time)
            return row
        }
    }

    @Test(arguments: FleetFixtures.cases("convergence.yaml"))
    func decidesAsTheTableSays(line: FixtureCase) throws {
        var convergence = Convergence(try Self.options(line))
        let said = try Self.rows(line).map { row in
            let job = Self.job(row)
            return Self.word(convergence.next(job, elapsed: Int(job.elapsed)))
        }
        if let end = line["ends"]?.list {
            #expect(said.firstIndex { $0.hasSuffix(end[0].string ?? "") } == end[1].int, "\(said)")
        } else {
            #expect(said.map { $0.isEmpty ? "-" : $0 } == line["steps"]?.list?.compactMap(\.string))
        }
    }

    /// Whatever a guest does, the downtime never exceeds what the user allowed, and the end is decided once.
    @Test func neverAllowsMoreAndEndsOnce() {
        for cap in [1, 9, 300, 500, 10_000] {
            var options = MigrationOptions()
            options.maxDowntime = cap
            options.deadline = 50
            var convergence = Convergence(options)
            #expect((1...cap).contains(convergence.firstDowntime))
            var (last, ends) = (convergence.firstDowntime, 0)
            for second in 1..<100 {
                let job = Self.job([Double(second), Double(second), 500, 100, 300, 99])
                for step in convergence.next(job, elapsed: second * 1000) {
                    if case .allowDowntime(let milliseconds) = step {
                        #expect(milliseconds >= last && milliseconds <= cap)
                        last = milliseconds
                    } else {
                        ends += 1
                    }
                }
            }
            #expect(last == cap && ends == 1)
        }
    }

    @Test func whoeverTakesItOverDoesNotPressAgain() {
        var options = MigrationOptions()
        options.deadline = 1
        var convergence = Convergence(options)
        convergence.rest()
        #expect(convergence.next(Self.job([5, 5, 900, 100, 200, 99]), elapsed: 5000).isEmpty)
    }
}
