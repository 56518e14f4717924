import Inventory
import TestSupport
import Testing
import Values

@testable import Fleet

/// What is made of records that hosts keep of operations.
@Suite struct ForeignOperationTests {
    @Test(arguments: FleetFixtures.cases("foreign-operations.yaml")) func isBelieved(row: FixtureCase) throws {
        var trace = ForeignOperations.Trace(id: "20260101t1-a", vm: "web1", lines: [:])
        for (host, steps) in row["hosts"]?.map ?? Mapping() {
            trace.lines[try #require(host.string)] = steps.list?.map { JSON.write($0, pretty: false) } ?? []
        }
        let said = ForeignOperations.believed(trace)
        guard let wanted = row["believed"]?.map else {
            #expect(said == nil)
            return
        }
        let steps = try (said?.lines ?? []).map { try JSON.read(SourceText(name: "record", text: $0)) }
        #expect(steps.first?["moved"] == wanted["moved"])
        #expect(Value(steps.compactMap { $0["made"] }) == wanted["made"])
        #expect(said?.from == "hv1")
        #expect(said?.to == "hv2")
    }

    @Test(arguments: [
        ("20260101t1-a@vm-web1.jsonl {\"a\": 1}", "20260101t1-a web1 {\"a\": 1}"),
        ("20260101t1-a@vm-web@1.jsonl x", "20260101t1-a web@1 x"),
        ("../../etc@vm-web1.jsonl x", nil), ("20260101t1-a@pool-web1.jsonl x", nil), ("garbage", nil),
        ("20260101T1-A@vm-web1.jsonl x", nil),
    ]) func lineIsRead(line: String, wanted: String?) {
        let read = ForeignOperations.read(Substring(line)).map { "\($0.id) \($0.vm) \($0.line)" }
        #expect(read == wanted)
    }

    /// Every controller comes to the same host, names spread, and a host that goes takes only its own names with it.
    @Test func aNameHasOneHome() throws {
        let text = (1...8).map { "  hv\($0): {address: a\($0), roles: [hypervisor]}\n" }.joined()
        let hosts = try Inventory.load([SourceText(name: "hosts.yaml", text: "hosts:\n\(text)  other: {address: b}\n")])
            .hosts
        let names = (0..<800).map { "vm-web\($0)" }
        let homes = names.map { LockHome.hosts(for: $0, among: hosts).map(\.name) }
        #expect(homes == names.map { LockHome.hosts(for: $0, among: hosts.reversed()).map(\.name) })
        #expect(homes.allSatisfy { Set($0).count == LockHome.candidates && !$0.contains("other") })
        for host in hosts where host.name != "other" {
            #expect((60...140).contains(homes.count { $0.first == host.name }), "\(host.name)")
        }
        let fewer = hosts.filter { $0.name != "hv3" }
        for (name, home) in zip(names, homes) {
            let now = LockHome.hosts(for: name, among: fewer).map(\.name)
            #expect(now.first == (home.first == "hv3" ? home[1] : home.first))
        }
        // Other versions of Drover must come to the same.
        #expect(homes[0] == ["hv1", "hv3", "hv2"])
    }
}
