import States
import Testing
import Values

@Suite("Many states")
struct ScaleTests {
    @Test("two thousand chained states with wildcards compile, in order")
    func chain() throws {
        var text = ""
        for number in 0..<2000 {
            text += "s\(number):\n  test.nop:\n    - require:\n      - test: s\(number + 1)\n"
        }
        text += "s2000: {test.nop: []}\nall: {test.nop: [watch: [test: 's1*']]}\n"
        let low = try StateCompiler.compile(
            sls: ["a"], tree: CaseTree(files: ["a.sls": "#!yaml\n" + text]), catalog: try CaseCatalog(),
            input: RenderInput(hostName: "x", facts: Mapping(), vars: Mapping()))
        #expect(low.chunks.count == 2002)
        #expect(low.chunks.first?.name == "s2000")
        #expect(low.chunks.suffix(2).contains { $0.name == "s0" })
    }
}
