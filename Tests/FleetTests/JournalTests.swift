import Foundation
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

    @Test func closedOnesAreOutOfTheWayAndStillKnown() async throws {
        try await ScratchFleet.with { fleet in
            let journal = Journal(fleet.directory)
            let (done, open) = (
                try journal.begin("create", Mapping([("vm", "web1")])), try journal.begin("clone", Mapping())
            )
            try done.record("finished")
            #expect(names(in: fleet.directory.journal) == [open.id + ".jsonl", "closed"])
            #expect(names(in: fleet.directory.journal + "/closed") == [done.id + ".jsonl"])
            #expect(journal.unfinished().map(\.id) == [open.id])
            #expect(journal.operations().map(\.id) == [done.id, open.id].sorted())
            #expect(journal.operation(done.id)?.steps.count == 2)
            #expect(journal.latest { $0.kind == "create" }?.id == done.id)
            #expect(journal.operation("../journal/\(open.id)") == nil)
            // What is written behind the end stands in the same record.
            try done.record("undone")
            #expect(journal.operation(done.id)?.all("step") == ["begin", "finished", "undone"])
            try journal.resume(try journal.known(done.id)).record("making")
            #expect(journal.unfinished().map(\.id).contains(done.id))
        }
    }

    @Test func aMoveThatWasCutOffIsMadeUpFor() async throws {
        try await ScratchFleet.with { fleet in
            let journal = Journal(fleet.directory)
            let log = try journal.begin("create", Mapping([("vm", "web1")]))
            let path = fleet.directory.journal + "/\(log.id).jsonl"
            // As a process leaves it that ends behind its last step, and as earlier versions left all.
            try DiskFile.append(Array((#"{"step":"finished","kind":"create"}"# + "\n").utf8), to: path)
            #expect(journal.operations().map(\.id) == [log.id])
            try journal.refuseUnsettled(named: "web1")
            #expect(!DiskPath.exists(path))
            #expect(journal.operation(log.id)?.isClosed == true)
        }
    }

    @Test func theLastThousandClosedOnesAreKept() async throws {
        try await ScratchFleet.with { fleet in
            let journal = Journal(fleet.directory)
            let open = try journal.begin("create", Mapping())
            let folder = fleet.directory.journal + "/closed"
            try DiskPath.makeDirectory(folder)
            for number in 0..<JournalFolder.kept + JournalFolder.slack {
                // The first began last: it is the end that counts.
                let path = folder + "/\(9999 - number).jsonl"
                try #"{"step":"finished","kind":"create"}"#.write(toFile: path, atomically: false, encoding: .utf8)
                let ended = Date(timeIntervalSince1970: 1_000_000 + Double(number))
                try FileManager.default.setAttributes([.modificationDate: ended], ofItemAtPath: path)
            }
            try open.record("undone")
            #expect(names(in: folder).count == JournalFolder.kept)
            #expect(journal.operation(open.id)?.isClosed == true)
            #expect(journal.operation("9999") == nil)
            #expect(journal.operation("\(9999 - JournalFolder.slack - 1)") != nil)
        }
    }

    private func names(in folder: String) -> [String] { DiskPath.list(folder).sorted() }
}
