import Foundation
import TestSupport
import Testing
import Values

@testable import Modules

/// What hosts answer, and what is made of it; and the script itself under every shell.
@Suite struct FactTests {
    static let folder = "\(Checkout.root)/Tests/ModulesTests/Fixtures/facts"

    static func names() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".txt") }.sorted()
            .map { String($0.dropLast(4)) }
    }

    @Test(arguments: try names())
    func areNamedAsSaltDoes(_ name: String) throws {
        let output = try #require(FileManager.default.contents(atPath: "\(Self.folder)/\(name).txt"))
        let facts = try FactScript.parse([UInt8](output))
        let text = try String(contentsOfFile: "\(Self.folder)/\(name).yaml", encoding: .utf8)
        for (key, value) in try YAML.read(SourceText(name: name, text: text)).map ?? Mapping() {
            #expect(facts[key] == value, "\(key.string ?? "?") of \(name)")
        }
    }

    @Test(arguments: HostShell.allCases)
    func areGathered(_ shell: HostShell) async throws {
        let host = try ScratchHost(shell)
        defer { host.remove() }
        let outcome = try await host.run(["-c", FactScript.text])
        #expect(outcome.error == "")
        let facts = try FactScript.parse(outcome.output)
        for key in ["os", "os_family", "kernel", "kernelrelease", "cpuarch", "host", "boot_id"] {
            let text = facts[key]?.string ?? ""
            #expect(text != "", "\(key)")
        }
        // The root of the last shell is no file system that df knows.
        let disk = shell == .bare ? 1 : facts["hypervisor"]?["free_disk"]
        for number in [facts["mem_total"], facts["num_cpus"], disk] {
            let count = number?.int ?? 0
            #expect(count > 0)
        }
    }

    @Test(arguments: ["", "@fact\tarch\tx86_64\n", "==> /etc/os-release <==\nID=debian\n", "\u{0}\u{1}"])
    func aCutAnswerIsNone(_ text: String) {
        #expect(throws: Diagnostics.self) { try FactScript.parse(Array(text.utf8)) }
    }
}
