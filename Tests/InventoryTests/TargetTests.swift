import Inventory
import Testing
import Values

@Suite struct TargetTests {
    /// Rows of [expression, names of the hosts it means].
    @Test(arguments: Fixtures.table("targets.json"))
    func targetsMeanTheseHosts(row: [Value]) throws {
        let facts = try #require(JSON.read(Fixtures.source("fleet/facts.json")).map)
        let byHost = Dictionary(uniqueKeysWithValues: facts.map { ($0.key.string ?? "", $0.value) })
        let inventory = try Fixtures.fleet()
        let guests = ["web1", "db1"].map { inventory.machineHost($0, address: "10.1.0.\($0.count)", jump: "hv1") }
        let expression = try #require(row[0].string)
        let hosts = try inventory.adding(machineHosts: guests)
            .select(expression, facts: byHost, failed: ["hv2", "spare"], unreachable: ["hv3"])
        #expect(hosts.map { Value($0.name) } == row[1].list)
    }

    /// Rows of [expression, column, message, hint or null].
    @Test(arguments: Fixtures.table("target-problems.json"))
    func mistakesAreExplained(row: [Value]) throws {
        do {
            let hosts = try Fixtures.fleet().select(try #require(row[0].string))
            Issue.record("matched \(hosts.map(\.name))")
        } catch let error as Diagnostics {
            let problem = try #require(error.all.first)
            #expect(problem.mark?.column == row[1].int)
            #expect(problem.summary == row[2].string)
            if row[2].string?.hasPrefix("bad regular") != true { #expect(problem.hint == row[3].string) }
        }
    }

    @Test func expressionsSayWhatTheyNeed() throws {
        #expect(try TargetExpression("hv1 and not (fact:os=Debian)").needsFacts)
        #expect(try !TargetExpression("hv1 and var:os=Debian or /fact:x=y/").needsFacts)
        #expect(try TargetExpression("vm:web1, not vm:db*").machines == ["web1", "db*"])
        #expect(
            try TargetExpression("hv1, web9, hv*, spares").unknownNames(in: Fixtures.fleet()) == ["web9", "spares"])
    }

    @Test func placesFromFilesAreKept() throws {
        let file = SourceText(name: "vms.yaml", text: "place: (hv1\n")
        do throws(Diagnostics) {
            _ = try TargetExpression("(hv1", at: file.mark(line: 1, column: 8))
            Issue.record("parsed")
        } catch {
            #expect(error.all[0].mark?.description == "vms.yaml:1:8")
        }
    }

    @Test func deepNestingIsRefused() {
        #expect(throws: Diagnostics.self) { try TargetExpression(String(repeating: "(", count: 100_000)) }
    }

    @Test func lastRunNeedsOne() throws {
        #expect(throws: Diagnostics.self) { try Fixtures.fleet().select("@failed") }
        #expect(try Fixtures.fleet().select("@failed", failed: []).isEmpty)
    }

    /// Rows of [text, what it stands for, or the problem].
    @Test(arguments: Fixtures.table("ranges.json"))
    func rangesExpand(row: [Value]) throws {
        let text = try #require(row[0].string)
        do throws(NameRange.Problem) {
            #expect(try NameRange.expand(text).map { Value($0) } == row[1].list)
        } catch {
            #expect(error.message == row[1].string)
        }
    }

    @Test func manyStarsStayQuick() throws {
        let name = String(repeating: "a", count: 200)
        let inventory = try Inventory.load([SourceText(name: "h", text: "hosts: {\(name): ~}")])
        #expect(try inventory.select(String(repeating: "a*", count: 100) + "b").isEmpty)
        #expect(try inventory.select(String(repeating: "a*", count: 100)).count == 1)
    }
}
