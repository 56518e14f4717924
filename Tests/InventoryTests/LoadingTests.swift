import Inventory
import Testing
import Values

@Suite struct LoadingTests {
    @Test func fixturesAreThere() {
        #expect(Fixtures.names("good", ending: ".yaml").count >= 6)
        #expect(Fixtures.names("problems", ending: ".yaml").count >= 12)
        #expect(Fixtures.table("targets.json").count > 60)
        #expect(Fixtures.table("target-problems.json").count > 20)
        #expect(Fixtures.table("ranges.json").count > 20)
    }

    @Test(arguments: Fixtures.names("good", ending: ".yaml"))
    func hostsCarryWhatIsSaidOfThem(name: String) throws {
        let inventory = try Inventory.load([Fixtures.source("good/\(name).yaml")])
        let hosts = Value(inventory.hosts.map(\.described))
        try Fixtures.expect(JSON.write(hosts, sortedKeys: false) + "\n", "good/\(name).json")
    }

    @Test(arguments: Fixtures.names("problems", ending: ".yaml"))
    func everyProblemIsToldOnce(name: String) throws {
        do {
            let inventory = try Inventory.load([Fixtures.source("problems/\(name).yaml")])
            Issue.record("loaded \(inventory.hosts.map(\.name))")
        } catch let error as Diagnostics {
            try Fixtures.expect(error.rendered(colored: false) + "\n", "problems/\(name).txt")
        }
    }

    @Test func filesAreMerged() throws {
        let first = SourceText(
            name: "a.yaml",
            text: "defaults: {user: root}\nvars: {x: {a: 1}}\ngroups: {g: {hosts: {h: {address: 10.0.0.1}}}}\n")
        let second = SourceText(
            name: "b.yaml",
            text:
                "defaults: {port: 22}\nvars: {x: {b: 2}}\ngroups: {g: {roles: [r], hosts: {h: {user: me}, i: ~}}}\nhosts: {j: ~}\n"
        )
        let inventory = try Inventory.load([first, second])
        #expect(inventory.hosts.map(\.name) == ["h", "i", "j"])
        #expect(inventory.hosts.map(\.user) == ["me", "root", "root"])
        #expect(inventory.hosts.map(\.port) == [22, 22, 22])
        #expect(inventory.hosts.map(\.roles) == [["r"], ["r"], []])
        #expect(inventory.hosts.map(\.address) == ["10.0.0.1", "i", "j"])
        #expect(inventory.vars["x"] == ["a": 1, "b": 2])
        #expect(inventory.host("h")?.mark?.description == "a.yaml:3:22")
    }

    @Test func conflictsBetweenFilesNameBothPlaces() throws {
        let first = SourceText(name: "a.yaml", text: "hosts:\n  h: {address: 10.0.0.1, port: 22}\n")
        let second = SourceText(name: "b.yaml", text: "hosts:\n  h: {address: 10.0.0.2, port: 22}\n")
        do throws(Diagnostics) {
            _ = try Inventory.load([first, second])
            Issue.record("conflicting addresses were taken")
        } catch {
            #expect(error.all.count == 1)
            #expect(error.all[0].mark?.description == "b.yaml:2:16")
            #expect(error.all[0].detail == "\"10.0.0.2\" here, \"10.0.0.1\" at a.yaml:2:16")
        }
    }

    @Test func problemsOfAllFilesComeTogether() throws {
        let broken = SourceText(name: "a.yaml", text: "hosts: [\n")
        let wrong = SourceText(name: "b.yaml", text: "hsots: {}\n")
        do throws(Diagnostics) {
            _ = try Inventory.load([broken, wrong])
            Issue.record("loaded")
        } catch {
            #expect(error.all.map { $0.mark?.source.name } == ["a.yaml", "b.yaml"])
        }
    }

    @Test func nothingIsAnInventoryToo() throws {
        #expect(try Inventory.load([]).hosts.isEmpty)
        #expect(try Inventory.load([SourceText(name: "hosts.yaml", text: "# none yet\n")]).hosts.isEmpty)
    }

    @Test func machinesAreHostsOfTheirGroup() throws {
        let inventory = try Fixtures.fleet()
        #expect(inventory.machines.map(\.name) == ["web1", "web2", "db1"])
        #expect(inventory.machines[1].spec["mac"] == "52:54:00:00:00:02")
        let web = inventory.machineHost("web1", address: "10.1.0.5", jump: "hv1")
        #expect(
            web.described == [
                "name": "web1", "address": "10.1.0.5", "jump": "hv1", "user": "admin", "identity": "~/.ssh/id_ed25519",
                "roles": ["guest", "web"], "groups": ["vms"], "vars": ["ntp": "10.0.0.1", "tier": "front"],
            ])
        let stray = inventory.machineHost("stray", address: "10.1.0.9", jump: nil)
        #expect(stray.roles == ["guest"] && stray.groups == ["vms"])
        let wider = inventory.adding(machineHosts: [web, stray, web])
        #expect(wider.group("vms")?.hosts == ["web1", "stray"])
        #expect(try wider.select("vms").map(\.name) == ["web1", "stray"])
        #expect(try wider.select("vm:w*").map(\.name) == ["web1"])
        #expect(try wider.select("role:guest and not web1").map(\.name) == ["stray"])
    }

    @Test func manyHostsLoadInLinearTime() throws {
        let text = "groups: {g: {hosts: {\"h[0001-9999]\": {address: \"h[0001-9999].example.net\"}}, roles: [r]}}\n"
        let inventory = try Inventory.load([SourceText(name: "many.yaml", text: text)])
        #expect(inventory.hosts.count == 9999)
        #expect(inventory.hosts.last?.address == "h9999.example.net")
        #expect(try inventory.select("h[0100-0199] and g").count == 100)
    }
}
