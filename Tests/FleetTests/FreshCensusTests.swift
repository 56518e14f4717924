import Inventory
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

    /// That one host has a VM says nothing of the others.
    @Test(arguments: [1, 2]) func whatSomeHostsSaidIsNotWhatAllSay(_ asked: Int) async throws {
        try await ScratchFleet.with { fleet in
            let hosts = "hosts: {hv1: {roles: [hypervisor]}, hv2: {roles: [hypervisor]}, web: {}}\n"
            try fleet.write(hosts, to: "inventory/hosts.yaml")
            let context = try fleet.context()
            let answers = context.inventory.hosts.prefix(asked).map { host in
                let silent = HostProblem(.failed, .error("not looked at", host: host.name))
                return StockGathering.Answer(
                    host: host, census: .init(host: host, machines: .success([])), stock: .failure(silent))
            }
            let survey = FleetSurvey(answers: answers, began: Clock.monotonic)
            let census = FreshCensus(context, driver: NoHypervisor(), first: survey)
            let told = await census.answers()
            #expect(told.map(\.host.name) == ["hv1", "hv2"])
            let isTaken = told.allSatisfy { if case .success = $0.machines { true } else { false } }
            #expect(isTaken == (asked == 2))
        }
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
