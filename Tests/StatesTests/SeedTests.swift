import Foundation
import States
import Testing
import Values

@Suite("The SLS files of Salt's tutorial")
struct SeedTests {
    private func compile(_ sls: [String]) throws -> LowState {
        var files: [String: String] = [:]
        for name in try Fixture.names(in: "seed") { files[name] = try Fixture.source("seed/\(name)").text }
        let facts = try YAML.read(try Fixture.source("redhat.yaml")).map ?? Mapping()
        return try StateCompiler.compile(
            sls: sls, tree: CaseTree(files: files), catalog: try CaseCatalog(),
            input: RenderInput(hostName: "hv1", facts: facts, vars: Mapping()))
    }

    @Test("as printed, all three together, they compile to the golden low state")
    func golden() throws {
        let low = try compile(["hypervisor", "network", "keys"])
        let golden = try JSON.read(try Fixture.source("seed.json"))
        #expect(JSON.write(low.json()) == JSON.write(golden))
    }

    @Test("without the network block, the missing bridge is named at its place")
    func missingBridge() throws {
        #expect {
            try compile(["hypervisor"])
        } throws: { error in
            let all = (error as? Diagnostics)?.all ?? []
            return all.count == 1 && all.first?.mark.map { "\($0)" } == "hypervisor.sls:15:18"
                && all.first?.summary == "no state answers to \"network: br0\""
        }
    }
}
