import States
import Testing
import Values

@testable import Modules

/// File modes from SLS and vars to shell: however 0644 is written, it means rw-r--r--.
@Suite struct ModeTests {
    /// What stands in the SLS, what in the vars, and the mode that the host is to compare with.
    @Test(arguments: [
        ("0644", "", "644"), ("'0644'", "", "644"), ("644", "", "644"), ("\"644\"", "", "644"), ("0o644", "", "644"),
        ("{{ pillar.x }}", "0644", "644"), ("{{ pillar.x }}", "'0644'", "644"), ("{{ pillar.x }}", "644", "644"),
        ("'{{ pillar.x }}'", "0644", "644"), ("{{ pillar.x | tojson }}", "0644", "644"),
        ("{{ salt['pillar.get']('x') }}", "0644", "644"), ("{{ vars.x }}", "0644", "644"),
        ("02750", "", "2750"), ("{{ pillar.x }}", "02750", "2750"), ("0", "", "0"), ("{{ pillar.x }}", "0000", "0"),
    ])
    func meanWhatTheyLookLike(written: String, vars: String, wanted: String) throws {
        let lines = try #require(try plan(written, vars: vars).states.first).run
        #expect(lines.contains(ShellText.assignment("mode", wanted)), "\(lines)")
    }

    @Test(arguments: [
        ("0648", ""), ("rw", ""), ("0x1a4", ""), ("{{ pillar.x }}", "0o1f"), ("-644", ""), ("106440", ""),
    ])
    func whatIsNoModeIsRefused(written: String, vars: String) {
        #expect(throws: Diagnostics.self) { try plan(written, vars: vars) }
    }

    @discardableResult
    private func plan(_ mode: String, vars: String) throws -> HostPlan {
        let vars = try YAML.read(SourceText(name: "hosts.yaml", text: "x: \(vars)")).map
        let low = try StateCompiler.compile(
            sls: ["case"], tree: OneFile(text: "/f:\n  file.managed:\n    - contents: x\n    - mode: \(mode)\n"),
            catalog: Catalog.standard, input: RenderInput(hostName: "h", facts: Mapping(), vars: vars ?? Mapping()))
        return try HostPlan.plan(low: low, facts: PlannedRun.facts, sources: PlannedRun.sources)
    }
}

/// A tree of roles with one SLS file in it.
private struct OneFile: SourceTree {
    let text: String

    func read(_ path: String) -> SourceText? { path == "case.sls" ? SourceText(name: path, text: text) : nil }
    func bytes(_ path: String) -> [UInt8]? { read(path).map { Array($0.text.utf8) } }
    func list(_ folder: String) -> [String] { ["case.sls"] }
}
