import Foundation
import PKI
import States
import TestSupport
import Testing
import Values

@testable import Modules

/// The tables of Fixtures/states, run for real under every shell: foretold, applied, applied again.
@Suite struct StateTests {
    @Test(arguments: try StateCase.all("states"), HostShell.allCases)
    func runs(_ item: StateCase, under shell: HostShell) async throws {
        guard item.applies(to: shell) else { return }
        let host = try ScratchHost(shell)
        defer { host.remove() }
        try await script(item.table["setup"], on: host)
        for (key, test) in [("foretold", true), ("applied", false), ("again", false)] {
            guard let expected = item.table[key]?.list else { continue }
            let results = try await PlannedRun(item: item, host: host, test: test).results()
            compare(results, expected.map { StateCase.replaced($0, host.root) }, run: key)
        }
        try await script(item.table["afterwards"], on: host)
    }

    /// Packages are asked for real, on a machine that has dpkg; nothing is installed.
    @Test(arguments: try StateCase.all("packages"), [HostShell.dash, .bash, .ash])
    func foretellsPackages(_ item: StateCase, under shell: HostShell) async throws {
        let host = try ScratchHost(shell)
        defer { host.remove() }
        let results = try await PlannedRun(item: item, host: host, test: true).results()
        compare(results, item.table["foretold"]?.list ?? [], run: "foretold")
    }

    private func script(_ value: Value?, on host: ScratchHost) async throws {
        guard let text = value?.string else { return }
        let whole = "set -e; cd \"$ROOT\"\n" + text
        let outcome = try await host.run(["-c", whole], environment: ["ROOT": host.root])
        #expect(outcome.succeeded, "script failed: \(String(decoding: outcome.output, as: UTF8.self)) \(outcome.error)")
    }

    private func compare(_ results: [StateResult], _ expected: [Value], run: String) {
        guard results.count == expected.count else {
            Issue.record("\(run): \(results.count) results, expected \(expected.count): \(results)")
            return
        }
        for (result, wanted) in zip(results, expected) {
            if let value = wanted["result"] {
                #expect((result.result.map { Value($0) } ?? .null) == value, "\(run): \(result)")
            }
            if let text = wanted["comment"]?.string { #expect(result.comment == text, "\(run)") }
            if let text = wanted["says"]?.string { #expect(result.comment.contains(text), "\(run): \(result.comment)") }
            if let changes = wanted["changes"]?.map {
                #expect(result.changes == changes, "\(run)")
            }
            if let keys = wanted["changed"]?.list { #expect(result.changes.keys == keys, "\(run): \(result.changes)") }
            if let text = wanted["diff"]?.string { #expect(result.diff == text, "\(run)") }
            if let ran = wanted["ran"]?.bool { #expect(result.ran == ran, "\(run)") }
        }
    }
}

/// One run of a case's plan, as Fleet would do it but without a connection.
struct PlannedRun {
    let item: StateCase
    let host: ScratchHost
    let test: Bool
    var materials = Materials()

    static let facts = Mapping([("os_family", "Debian"), ("os", "Debian")])
    static let sources = FileSources(
        bytes: { source, _ in source == "salt://case/bytes" ? [0, 1, 2, 255, 10] : nil },
        rendered: { source, _ in source == "salt://case/template" ? Array("rendered\n".utf8) : nil },
        renderedText: { text, _ in Array(text.uppercased().utf8) }, sha256: { ContentDigest.sha256($0) })

    func results() async throws -> [StateResult] {
        let low = item.low(root: host.root)
        let plan = try HostPlan.plan(low: low, facts: Self.facts, materials: materials, sources: Self.sources)
        let folder = "run.\(test ? "test" : "apply")"
        try FileManager.default.removeItemIfThere(host.outside + "/../\(folder)")
        let outside = host.outside + "/../\(folder)"
        let inside = host.root + "/../\(folder)"
        try FileManager.default.createDirectory(atPath: outside, withIntermediateDirectories: true)
        func put(_ name: String, _ bytes: [UInt8]) throws {
            try Data(bytes).write(to: URL(fileURLWithPath: "\(outside)/\(name)"))
        }
        try put("check", Array(plan.checkScript().utf8))
        let check = try await host.run(["\(inside)/check"], environment: ["DROVER_RUN": inside])
        let present = try #require(plan.present(check.output), "check: \(check.error)")
        for file in plan.shipment(present: present) { try put(file.blob, file.content) }
        var program = plan.program(
            nonce: "N0nce", test: test, diff: true, failhard: item.table["failhard"]?.bool == true)
        if let patience = item.table["patience"]?.int {
            program = program.replacing("patience=30000", with: "patience=\(patience)")
        }
        try put("program", Array(program.utf8))
        if let owner = item.table["owner"]?.int { try put("owner", Array("\(owner)\n".utf8)) }
        let controller = FakeController(item, directory: outside, test: test)
        let answering = Task { try await controller?.run() }
        let run = try await host.run(["\(inside)/program"], environment: ["DROVER_RUN": inside])
        answering.cancel()
        try await answering.value
        var reader = RecordReader(nonce: "N0nce")
        let records = reader.feed(run.output) + reader.finish()
        #expect(run.error == "", "stderr")
        let stray = FileManager.default.contents(atPath: "\(outside)/work/stray") ?? Data()
        #expect(String(decoding: stray, as: UTF8.self) == "", "stray output")
        guard case .end? = records.last else {
            Issue.record("no end record: \(records)")
            return []
        }
        return records.compactMap { record in
            if case .garbage(let bytes) = record { Issue.record("garbage: \(String(decoding: bytes, as: UTF8.self))") }
            if case .state(let result) = record { return result }
            return nil
        }
    }
}

extension FileManager {
    func removeItemIfThere(_ path: String) throws { if fileExists(atPath: path) { try removeItem(atPath: path) } }
}
