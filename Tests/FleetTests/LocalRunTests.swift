import Foundation
import Inventory
import Modules
import Testing
import Values

@testable import Fleet

/// The whole way on this machine: inventory, facts, roles, program, results.
@Suite struct LocalRunTests {
    private static func prepare(_ fleet: ScratchFleet) throws -> String {
        let target = fleet.root + "/target dir/it's a \"file\""
        try fleet.write(
            "hosts:\n  here: {connection: local, roles: [motd], vars: {greeting: 'hello $(id) wörld'}}\n",
            to: "inventory/hosts.yaml")
        try fleet.write("{{ greeting }} on {{ grains.kernel }}\n", to: "roles/motd/templates/motd.jinja")
        try fleet.write(
            """
            motd:
              file.managed:
                - name: {{ pillar.target | json }}
                - source: salt://motd/templates/motd.jinja
                - template: jinja
                - context: {greeting: {{ pillar.greeting | json }}}
                - mode: '0640'
                - makedirs: True
            told:
              cmd.run:
                - name: echo told
                - onchanges:
                  - file: motd

            """, to: "roles/motd/init.sls")
        try fleet.write("target: \(JSON.write(Value(target)))\n", to: "vars.yaml")
        return target
    }

    private static func apply(_ fleet: ScratchFleet, test: Bool = false) async throws -> HostReport {
        var directory = fleet.directory
        directory.varsFiles = [fleet.root + "/vars.yaml"]
        let context = FleetContext(
            directory: directory, inventory: try directory.loadInventory(), connector: LocalConnector(), parallel: 4)
        var options = StateRunOptions()
        options.test = test
        let reports = await StateRun(context, options: options).apply([], to: context.inventory.hosts)
        return try #require(reports.first)
    }

    @Test func checkForetellsAndApplyConverges() async throws {
        try await ScratchFleet.with { fleet in
            let target = try Self.prepare(fleet)
            let check = try await Self.apply(fleet, test: true)
            #expect(check.diagnostics.isEmpty, "\(check.diagnostics)")
            #expect(check.results.map(\.result) == [nil, nil])
            #expect(!FileManager.default.fileExists(atPath: target))

            let first = try await Self.apply(fleet)
            #expect(first.results.map(\.result) == [true, true], "\(first.value)")
            #expect(first.changes == 2)
            #expect(try String(contentsOfFile: target, encoding: .utf8) == "hello $(id) wörld on Linux\n")
            let mode = try FileManager.default.attributesOfItem(atPath: target)[.posixPermissions] as? Int
            #expect(mode == 0o640)

            let second = try await Self.apply(fleet)
            #expect(second.results.map(\.result) == [true, true])
            #expect(second.changes == 0, "\(second.value)")
        }
    }

    @Test func aMistakeInARoleStopsThatHostBeforeAnythingRuns() async throws {
        try await ScratchFleet.with { fleet in
            _ = try Self.prepare(fleet)
            try fleet.write("x:\n  file.managd:\n    - name: /tmp/x\n", to: "roles/motd/init.sls")
            let report = try await Self.apply(fleet)
            let problem = try #require(report.refusal.first)
            #expect(report.hasFailed)
            #expect(report.results.isEmpty)
            #expect(problem.host == "here")
            #expect(problem.mark?.line == 2)
            #expect(problem.rendered(colored: false).contains("managed"))
        }
    }

    @Test func aFailureIsReportedWithTheCommandsWords() async throws {
        try await ScratchFleet.with { fleet in
            _ = try Self.prepare(fleet)
            try fleet.write(
                "bad:\n  cmd.run:\n    - name: echo reason >&2; exit 7\nafter:\n  test.nop:\n    - require: [cmd: bad]\n",
                to: "roles/motd/init.sls")
            let report = try await Self.apply(fleet)
            #expect(report.results.map(\.result) == [false, false])
            #expect(report.results.first?.changes["retcode"] == 7)
            #expect(report.results.first?.changes["stderr"]?.string?.contains("reason") == true)
            #expect(report.results.last?.ran == false)
        }
    }

    @Test func factsHaveSaltsNames() async throws {
        try await ScratchFleet.with { fleet in
            _ = try Self.prepare(fleet)
            let context = try fleet.context()
            let answers = await FactGathering(context).gather(context.inventory.hosts)
            let facts = try #require(try answers.first?.facts.get())
            #expect(facts["id"] == "here")
            #expect(facts["kernel"] == "Linux")
            for name in ["os", "os_family", "osrelease", "num_cpus", "mem_total", "machine_id", "ip4_interfaces"] {
                #expect(facts[name] != nil, "\(name)")
            }
            #expect(FactCache(fleet.directory).readAll()["here"]?["kernel"] == "Linux")
        }
    }
}
