import Synchronization
import Testing
import Values

@testable import Fleet

/// Answers that several operations share.
@Suite struct FreshCensusTests {
    private final class Counter: Sendable {
        let count = Mutex(0)
        var value: Int { count.withLock { $0 } }
        func add() { count.withLock { $0 += 1 } }
    }

    @Test func whatIsYoungEnoughIsNotAskedAgain() async {
        let asked = Counter()
        let census = FreshCensus(limit: .max, first: (Clock.monotonic, [])) {
            asked.add()
            return []
        }
        _ = await census.answers()
        #expect(asked.value == 0)
        // After a VM was moved, what was asked before does not count.
        let moved = Clock.monotonic
        _ = await census.answers(since: moved)
        _ = await census.answers(since: moved)
        #expect(asked.value == 1)
    }

    @Test func whatIsTooOldIsAskedAgain() async {
        let asked = Counter()
        let census = FreshCensus(limit: 0, first: (0, [])) {
            asked.add()
            return []
        }
        _ = await census.answers()
        #expect(asked.value == 1)
    }

    @Test func thoseThatAskTogetherShareOneAnswer() async {
        let asked = Counter()
        let (gate, open) = AsyncStream.makeStream(of: Void.self)
        let census = FreshCensus(limit: .max) {
            asked.add()
            for await _ in gate {}
            return []
        }
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<5 { group.addTask { _ = await census.answers() } }
            // However many have come by then: those that come later have the answer.
            for _ in 0..<1000 { await Task.yield() }
            open.finish()
        }
        #expect(asked.value == 1)
    }
}
