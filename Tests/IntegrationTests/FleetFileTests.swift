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

        /// A fleet directory without certificates knows nothing of what its hosts have, and has to ask.
        @Test func anotherDirectoryMakesNothingTwiceAndDeletesNothingUnasked() async throws {
            let fleet = try LabFleet.shared()
            try await fleet.withImage()
            _ = try await fleet.brought(to: fleet.hosts[1])
            let made = try await fleet.drover.run(
                ["vm", "create", "held1", "--image", "counter", "--memory", "64M", "--on", "hv2", "--no-start"])
            try #require(made.succeeded, made.words)
            let folder = NSTemporaryDirectory() + "other fleet \(getpid())"
            try FileManager.default.createDirectory(atPath: folder + "/inventory", withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(atPath: folder) }
            let hosts = try String(contentsOfFile: fleet.drover.fleet + "/inventory/hosts.yaml", encoding: .utf8)
            try hosts.write(toFile: folder + "/inventory/hosts.yaml", atomically: true, encoding: .utf8)
            let vms = "vms: {held1: {host: hv1, memory: 64M}, other1: {memory: 64M}}\n"
            try vms.write(toFile: folder + "/inventory/vms.yaml", atomically: true, encoding: .utf8)
            let other = fleet.drover.working(in: folder)
            try await other.must("host", "trust", "--yes")
            let plan = try await other.run(["up", "--check"])
            #expect(plan.output.contains("hv2 has held1 already: not made again"), plan.words)
            #expect(plan.output.contains("make other1, where there is room"), plan.words)

            let unsure = try await other.run(["up", "--allow-delete", "held1"])
            #expect(unsure.code == 1 && unsure.problem.contains("is in the inventory"), unsure.words)
            let unasked = try await other.run(["up", "--allow-delete", "old1"])
            #expect(unasked.code == 64 && unasked.problem.contains("delete old1?"), unasked.words)
            #expect(!FileManager.default.fileExists(atPath: folder + "/pki"), "something was made before it was asked")
            try await fleet.drover.must("vm", "delete", "held1", "--yes")
        }
    }
}
