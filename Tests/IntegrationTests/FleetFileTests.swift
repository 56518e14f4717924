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

        /// What an entry says counts, also where it is taken away again; and what was there before Drover stays.
        @Test func differencesAreFoundAndDisksOfOthersStay() async throws {
            let fleet = try LabFleet.shared()
            try await fleet.withImage()
            for host in fleet.hosts { _ = try await fleet.brought(to: host) }
            let before = try await fleet.holdings()
            let file = NSTemporaryDirectory() + "differing-\(getpid()).yaml"
            defer { try? FileManager.default.removeItem(atPath: file) }
            func run(_ vms: String, _ words: [String]) async throws -> Ended {
                try "vms: \(vms)\n".write(toFile: file, atomically: true, encoding: .utf8)
                return try await fleet.drover.run(
                    words + ["-i", fleet.drover.fleet + "/inventory/hosts.yaml", "-i", file])
            }
            func entry(_ nics: String, _ more: String = "") -> String {
                "differ1: {image: counter, memory: 64M, host: hv1, state: stopped, nics: \(nics)\(more)}"
            }
            let made = try await run("{\(entry("[{bridge: br0, vlan: 5}, {bridge: br0}]"))}", ["vm", "apply"])
            try #require(made.code == 0, made.words)
            let other = "{\(entry("[{bridge: br0, vlan: 7}]", ", tpm: true, boot: [network, disk]"))}"
            let planned = try await run(other, ["vm", "plan", "--detailed-exit-code"])
            #expect(planned.code == 2, planned.words)
            for words in [
                "bridge br0, vlan 5 -> bridge br0, vlan 7", "bridge br0 -> none", "boot disk -> network,disk",
                "tpm off -> on (needs re-creation)",
            ] { #expect(planned.output.contains(words), planned.words) }
            #expect(try await run(other, ["vm", "apply"]).code == 0)
            #expect(try await run(other, ["vm", "plan", "--detailed-exit-code"]).code == 0)
            let tags = "virsh dumpxml --inactive differ1 | grep -c -e '<interface ' -e \"tag id='7'\""
            #expect(try await fleet.told("hv1", tags) == "2")

            _ = try await fleet.told(
                "hv1",
                """
                qemu-img create -q -f qcow2 /var/lib/libvirt/images/theirs_backup.qcow2 10M
                qemu-img create -q -f qcow2 /var/lib/libvirt/images/taken1_system.qcow2 10M
                virsh -q pool-refresh default
                cat >/root/theirs.xml <<X
                <domain type="qemu"><name>theirs</name><memory unit="MiB">64</memory>
                <os><type arch="x86_64" machine="q35">hvm</type></os>
                <devices><disk type="file" device="disk"><driver name="qemu" type="qcow2"/>
                <source file="/var/lib/libvirt/images/theirs_backup.qcow2"/><target dev="vda" bus="virtio"/></disk></devices>
                </domain>
                X
                virsh -q define /root/theirs.xml
                """)
            let three = """
                {theirs: {memory: 64M}, taken1: {image: counter, memory: 64M, host: hv1},
                new1: {image: counter, memory: 64M, host: hv2}}
                """
            let check = try await run(three, ["up", "--check", "--detailed-exit-code"])
            #expect(check.code == 3 && check.output.contains("! theirs: on hv1, not Drover's"), check.words)
            #expect(check.output.contains("\"taken1_system.qcow2\" exists already"), check.words)
            let some = try await run(three, ["up", "--check", "--detailed-exit-code", "-t", "hv2"])
            #expect(some.code == 2 && some.output.contains("+ new1") && !some.output.contains("theirs"), some.words)

            #expect(try await run("{}", ["vm", "adopt", "theirs"]).code == 0)
            let deletion = ["vm", "apply", "--allow-delete", "theirs", "--allow-delete", "differ1"]
            let unsure = try await run("{}", deletion)
            #expect(unsure.code == 64 && unsure.problem.contains("differ1_system.qcow2"), unsure.words)
            #expect(!unsure.problem.contains("theirs_backup.qcow2"), unsure.words)
            let gone = try await run("{}", deletion + ["--yes"])
            #expect(gone.code == 0 && gone.output.contains("2 deleted"), gone.words)
            _ = try await fleet.told(
                "hv1",
                """
                cd /var/lib/libvirt/images && rm theirs_backup.qcow2 taken1_system.qcow2 && virsh -q pool-refresh default
                """)
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

        /// A copy of the inventory knows no images, and needs none where the VMs are there.
        @Test func anImageThatIsNotHereMattersForNewVMsOnly() async throws {
            let fleet = try LabFleet.shared()
            try await fleet.withImage()
            let drover = fleet.drover
            for name in ["made1", "made2"] {
                try await drover.must(
                    "vm", "create", name, "--image", "counter", "--memory", "64M", "--on", "hv2", "--no-start")
            }
            let folder = NSTemporaryDirectory() + "copied fleet \(getpid())"
            defer { try? FileManager.default.removeItem(atPath: folder) }
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            for part in ["inventory", "roles", "pki"] {
                try FileManager.default.copyItem(atPath: "\(drover.fleet)/\(part)", toPath: "\(folder)/\(part)")
            }
            let other = drover.working(in: folder)
            let entry = "{image: counter, memory: 64M, state: stopped}"
            let file = "vms: {made1: \(entry), made2: \(entry)}\n"
            try file.write(toFile: folder + "/inventory/vms.yaml", atomically: true, encoding: .utf8)
            let plan = try await other.run(["up", "--check"])
            #expect(plan.code == 0 && plan.output.contains("2 as they should be"), plan.words)
            try await drover.must("vm", "delete", "made1", "made2", "--yes")
            let wanting = try await other.run(["up", "--yes"])
            #expect(wanting.code == 1 && wanting.problem.contains("there is no image \"counter\""), wanting.words)
            #expect(wanting.problem.contains("vms.yaml:1:"), wanting.words)
        }
    }
}
