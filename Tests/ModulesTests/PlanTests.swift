import Foundation
import Subprocess
import TestSupport
import Testing
import Values

@testable import Modules
@testable import States

@Suite struct PlanTests {
    @Test(arguments: try StateCase.all("refused"))
    func refuses(_ item: StateCase) throws {
        let low = item.low(root: "")
        let outcome = Result { try HostPlan.plan(low: low, facts: PlannedRun.facts, sources: PlannedRun.sources) }
        guard case .failure(let error) = outcome, let found = error as? Diagnostics else {
            Issue.record("was planned")
            return
        }
        let text = found.all.map(\.summary).joined(separator: "; ")
        #expect(text.contains(item.table["says"]?.string ?? ""), "\(text)")
    }

    /// Whatever the tables make, shellcheck finds nothing in it.
    @Test(arguments: ["states", "packages"])
    func programsAreSound(_ folder: String) async throws {
        // All of them in one program: shellcheck is slow.
        var chunks: [LowChunk] = []
        for item in try StateCase.all(folder) {
            let first = chunks.count
            for var chunk in item.low(root: "/tmp/x").chunks {
                for (kind, references) in chunk.requisites {
                    chunk.requisites[kind] = references.map { reference in
                        var moved = reference
                        moved.chunks = reference.chunks.map { $0 + first }
                        return moved
                    }
                }
                chunks.append(chunk)
            }
        }
        let low = LowState(chunks: chunks, warnings: [])
        let plan = try HostPlan.plan(low: low, facts: PlannedRun.facts, sources: PlannedRun.sources)
        try await lint(plan.program(nonce: "N0nce", test: false, diff: true), folder)
        try await lint(plan.checkScript(), folder)
    }

    @Test func theNetworkProgramIsSound() async throws {
        let low = StateCase(name: "seed", table: NetworkTests.seed).low(root: "/")
        let plan = try HostPlan.plan(low: low, facts: PlannedRun.facts, sources: PlannedRun.sources)
        try await lint(plan.program(nonce: "N0nce", test: false, diff: true), "network")
    }

    private func lint(_ program: String, _ name: String) async throws {
        // Left out: what the libraries' own comments allow, and what only single quotes can say.
        let result = try await Subprocess.run(
            .name("shellcheck"),
            arguments: [
                "-s", "sh", "-S", "warning", "-e",
                "SC3043,SC2034,SC2154,SC2030,SC2031,SC2015,SC2086,SC2016,SC2317,SC1003", "-",
            ], input: .string(program), output: .string(limit: 1 << 20), error: .string(limit: 1 << 16))
        #expect(result.terminationStatus.isSuccess, "\(name)\n\(result.standardOutput)")
    }

    /// A program that was cut off anywhere does nothing.
    @Test(arguments: [HostShell.dash, .bash, .ash])
    func aCutProgramRunsNothing(_ shell: HostShell) async throws {
        let host = try ScratchHost(shell)
        defer { host.remove() }
        let table: Value = ["low": [["fun": "cmd.run", "id": "a", "name": "touch '{root}/ran'"]]]
        let low = StateCase(name: "cut", table: table).low(root: host.root)
        let plan = try HostPlan.plan(low: low, facts: PlannedRun.facts, sources: PlannedRun.sources)
        let whole = Array(plan.program(nonce: "N0nce", test: false, diff: false).utf8)
        let ending = whole.count - 26
        let lengths: [Int] = Array(stride(from: 0, to: ending, by: 997)) + Array(ending..<(whole.count - 1))
        for length in lengths {
            try Data(whole.prefix(length)).write(to: URL(fileURLWithPath: "\(host.outside)/program"))
            _ = try await host.run(["\(host.root)/program"], environment: ["DROVER_RUN": host.root])
            try #require(!FileManager.default.fileExists(atPath: "\(host.outside)/ran"), "cut at \(length)")
        }
    }

    @Test func bridgesAreDescribedForBothFamilies() throws {
        let low = StateCase(name: "seed", table: NetworkTests.seed).low(root: "/")
        var facts = Mapping([("os_family", "RedHat")])
        facts["hwaddr_interfaces"] = ["eth0": "02:00:00:00:09:02"]
        let plan = try HostPlan.plan(low: low, facts: facts, sources: PlannedRun.sources)
        let program = plan.program(nonce: "N0nce", test: false, diff: false)
        #expect(
            program.contains(
                "ifcfg_eth0='DEVICE=eth0\nNAME=eth0\nTYPE=Ethernet\nONBOOT=yes\nBOOTPROTO=none\nBRIDGE=br0\n'"))
        #expect(
            program.contains(
                "ifcfg_br0='DEVICE=br0\nNAME=br0\nTYPE=Bridge\nONBOOT=yes\nBOOTPROTO=none\nIPADDR=10.9.0.2\nPREFIX=24\nSTP=no\nDELAY=0\nBRIDGE_MACADDR=02:00:00:00:09:02\n'"
            ))
    }
}
