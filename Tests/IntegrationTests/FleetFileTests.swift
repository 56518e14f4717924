import Foundation
import Glibc
import Testing

extension OnALab {
    /// VMs that a file describes.
    @Suite struct FleetFileTests {
        @Test func machinesAreWhatTheirFileSays() async throws {
            let fleet = try LabFleet.shared()
            try await fleet.withImage()
            for host in fleet.hosts { _ = try await fleet.brought(to: host) }
            let file = NSTemporaryDirectory() + "planned-\(getpid()).yaml"
            defer { try? FileManager.default.removeItem(atPath: file) }
            func apply(_ vms: String, _ words: String...) async throws -> Ended {
                try "vms: \(vms)\n".write(toFile: file, atomically: true, encoding: .utf8)
                let inventory = ["-i", fleet.drover.fleet + "/inventory/hosts.yaml", "-i", file]
                return try await fleet.drover.run(["vm"] + words + inventory)
            }
            let two = """
                {planned1: {image: counter, memory: 64M, host: hv1, state: stopped}, \
                planned2: {image: counter, memory: 64M, place: "hv2", state: stopped}}
                """
            let before = try await fleet.holdings()
            let made = try await apply(two, "apply")
            #expect(made.code == 0 && made.output.hasPrefix("2 created, 0 changed"), made.words)
            let again = try await apply(two, "apply")
            #expect(again.code == 0 && again.output.hasPrefix("0 created, 0 changed, 0 moved, 0 deleted"), again.words)

            let larger = two.replacingOccurrences(of: "host: hv1", with: "host: hv1, cpus: 2, autostart: true")
            let planned = try await apply(larger, "plan", "--detailed-exit-code")
            #expect(planned.code == 2, planned.words)
            #expect(
                planned.output.contains("~ planned1: change on hv1: cpus 1 -> 2, autostart off -> on"), planned.words)
            let changed = try await apply(larger, "apply")
            #expect(changed.code == 0 && changed.output.hasPrefix("0 created, 1 changed"), changed.words)
            #expect(try await apply(larger, "plan", "--detailed-exit-code").code == 0)

            // Taken out of the file they stay, until their deletion is allowed by name.
            #expect(try await apply("{}", "plan", "--detailed-exit-code").code == 0)
            let unsure = try await apply("{}", "apply", "--allow-delete", "planned1")
            #expect(unsure.code == 64 && unsure.problem.contains("planned1 on hv1"), unsure.words)
            let gone = try await apply(
                "{}", "apply", "--allow-delete", "planned1", "--allow-delete", "planned2", "--yes")
            #expect(gone.code == 0 && gone.output.contains("2 deleted"), gone.words)
            #expect(try await fleet.holdings() == before)
        }
    }
}
