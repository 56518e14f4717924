import Testing

@testable import Fleet

@Suite struct PushScheduleTests {
    private struct Course {
        var rounds = 0
        var sent = 0
        var complete: Set<Int> = []
    }

    /// Lets every transfer that has begun take one round.
    private func run(
        _ schedule: PushSchedule, hosts: Int, failing: (PushSchedule.Transfer, Int) -> Bool = { _, _ in false }
    ) -> Course {
        var schedule = schedule
        var course = Course()
        while true {
            let transfers = schedule.next()
            if transfers.isEmpty || course.rounds > 10_000 { break }
            course.rounds += 1
            course.sent += transfers.filter { $0.source == .controller }.count
            for transfer in transfers {
                if failing(transfer, course.rounds) { schedule.failed(transfer) } else { schedule.finished(transfer) }
            }
        }
        course.complete = Set((0..<hosts).filter { schedule.isComplete($0) })
        return course
    }

    /// As long as one copy takes, and the logarithm of the fleet; the controller sends each piece once.
    @Test(arguments: [1, 2, 3, 5, 8, 16, 33, 64, 128], [1, 8, 24])
    func timeGrowsWithTheLogarithm(_ hosts: Int, _ pieces: Int) {
        let course = run(PushSchedule(hosts: hosts, pieces: pieces), hosts: hosts)
        let depth = hosts == 1 ? 0 : Int.bitWidth - (hosts - 1).leadingZeroBitCount
        #expect(course.rounds <= pieces + depth + 3)
        #expect(course.sent == pieces)
        #expect(course.complete.count == hosts)
    }

    @Test func whoHasItFeedsOthers() {
        let course = run(PushSchedule(hosts: 4, pieces: 8, complete: [2]), hosts: 4)
        #expect(course.sent == 0)
        #expect(course.complete.count == 4)
    }

    /// A pair that cannot reach each other goes by others, or by the controller.
    @Test(arguments: [2, 3, 8]) func brokenPairsAreGoneAround(_ hosts: Int) {
        let course = run(PushSchedule(hosts: hosts, pieces: 6), hosts: hosts) { transfer, _ in
            transfer.source == .host(0) || transfer.source == .host(1) && transfer.target == 0
        }
        #expect(course.complete.count == hosts)
    }

    /// What only a lost host had is sent again, and the others have all in the end.
    @Test func aLostHostCostsItself() {
        var schedule = PushSchedule(hosts: 4, pieces: 5)
        let first = schedule.next()
        #expect(first.count == 1)
        schedule.finished(first[0])
        schedule.lose(first[0].target)
        let course = run(schedule, hosts: 4)
        #expect(course.complete == Set(0..<4).subtracting([first[0].target]))
        #expect(course.sent == 5)
    }

    /// Nobody can be fed by anybody: it ends, and nothing is claimed.
    @Test func hopelessPushesEnd() {
        let course = run(PushSchedule(hosts: 3, pieces: 2), hosts: 3) { _, _ in true }
        #expect(course.complete.isEmpty)
        #expect(course.rounds <= 9)
    }

    @Test func lanesAreNotExceeded() {
        var schedule = PushSchedule(hosts: 6, pieces: 12, complete: [0], lanes: 2)
        let begun = schedule.next()
        for host in 0..<6 {
            #expect(begun.filter { $0.target == host }.count <= 2)
            #expect(begun.filter { $0.source == .host(host) }.count <= 2)
        }
        #expect(begun.allSatisfy { $0.target != 0 } && begun.count == 2)
    }
}
