import Testing
import Values

@testable import Fleet

@Suite struct CreationTests {
    @Test(arguments: FleetFixtures.cases("qemu-logs.yaml")) func saysWhatQEMUSaid(_ line: FixtureCase) throws {
        let log = try #require(line["log"]?.string)
        #expect(QEMULog.lastWords(log) == line["words"]?.string)
    }

    @Test(arguments: [
        ("web", nil, ["web"]), ("web[1-3]", nil, ["web1", "web2", "web3"]), ("web", 2, ["web-1", "web-2"]),
        ("web", 1, ["web-1"]), ("web[1-2]", 2, ["web1", "web2"]),
    ])
    func namesSeveral(_ name: String, _ count: Int?, _ names: [String]) throws {
        #expect(try CreationBatch.names(name, count: count) == names)
    }

    @Test(arguments: [("web", 0), ("web", 1001), ("web[1-3]", 2), ("web[3-1]", nil)])
    func refusesNumbersThatCannotBe(_ name: String, _ count: Int?) {
        #expect(throws: Diagnostics.self) { try CreationBatch.names(name, count: count) }
    }

    /// Of several that start together one is at it; the others come after it, and one that is cancelled never does.
    @Test func oneAtATimeBringsAnImage() async throws {
        let turns = ImageTurns()
        let count = Count()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    try? await turns.inTurn("a") {
                        let inside = await count.enter()
                        #expect(inside == 1)
                        await Task.yield()
                        await count.leave()
                    }
                }
            }
        }
        #expect(await count.total == 8)
        try await turns.inTurn("a") {
            let waiting = Task { try await turns.inTurn("a") { await count.enter() } }
            try await turns.inTurn("b") {}
            waiting.cancel()
            await #expect(throws: CancellationError.self) { try await waiting.value }
        }
        // One that failed leaves the turn to the next.
        await #expect(throws: Diagnostics.self) { try await turns.inTurn("a") { throw Diagnostics(.error("x")) } }
        try await turns.inTurn("a") {}
    }

    private actor Count {
        var inside = 0
        var total = 0
        @discardableResult
        func enter() -> Int {
            inside += 1
            total += 1
            return inside
        }
        func leave() { inside -= 1 }
    }
}
