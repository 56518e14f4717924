import Testing
import Values

@testable import Fleet

@Suite struct JournalTests {
    @Test func stepsAreReadBackInOrder() async throws {
        try await ScratchFleet.with { fleet in
            let journal = Journal(fleet.directory)
            let log = try journal.begin("create", Mapping([("vm", "web1"), ("host", "hv1")]))
            try log.record("placed", Mapping([("host", "hv2")]))
            let record = try #require(journal.operation(log.id))
            #expect(record.kind == "create")
            #expect(record.steps.count == 2)
            #expect(record.lastStep == "placed")
            #expect(record["vm"] == "web1")
            #expect(record["host"] == "hv2", "the latest value of a field stands")
            #expect(!record.isClosed)
            try journal.resume(record).record("finished")
            #expect(journal.operation(log.id)?.isClosed == true)
        }
    }

    @Test func aTornLastLineIsLeftOut() async throws {
        try await ScratchFleet.with { fleet in
            let journal = Journal(fleet.directory)
            let log = try journal.begin("migrate", Mapping([("vm", "web1")]))
            let path = fleet.directory.journal + "/\(log.id).jsonl"
            try DiskFile.append(Array(#"{"step":"finished","ki"#.utf8), to: path)
            let record = try #require(journal.operation(log.id))
            #expect(record.lastStep == "begin")
            #expect(!record.isClosed)
        }
    }

    @Test func operationsSortByTheirBeginning() async throws {
        try await ScratchFleet.with { fleet in
            let journal = Journal(fleet.directory)
            #expect(journal.operations().isEmpty)
            let ids = try (0..<3).map { _ in try journal.begin("create", Mapping()).id }
            #expect(Set(ids).count == 3)
            #expect(journal.operations().count == 3)
            #expect(throws: Diagnostics.self) { try journal.known("nowhere") }
        }
    }
}
