import Glibc
import Testing

extension OnALab {
    /// VMs of several disks in several pools.
    @Suite struct CreationTests {
        private static let disks = [
            "--disk", "200M", "--disk", "name=data,size=64M,pool=extra,cache=none",
            "--disk", "name=scratch,size=16M,pool=extra,format=raw,bus=scsi",
        ]

        @Test func aMachineOfManyDisksLeavesNothing() async throws {
            let fleet = try LabFleet.shared()
            try await fleet.withImage()
            try await fleet.withExtraPool("hv1")
            _ = try await fleet.brought(to: "hv1")
            let before = try await fleet.machinesAndFiles("hv1", extra: true)
            let asked = ["vm", "create", "many", "--image", "counter", "--memory", "96M", "--on", "hv1"] + Self.disks
            let shown = try await fleet.drover.run(asked + ["--print-xml"])
            #expect(shown.succeeded && shown.output.contains("/srv/extra/many_data.qcow2"), shown.words)
            #expect(try await fleet.machinesAndFiles("hv1", extra: true) == before)

            let made = try await fleet.drover.run(asked)
            #expect(made.succeeded, made.words)
            let files = try await fleet.machinesAndFiles("hv1", extra: true).filter { $0.hasPrefix("many_") }
            #expect(files == ["many_data.qcow2", "many_scratch.raw", "many_seed.iso", "many_system.qcow2"])
            let sizes = try await fleet.told("hv1", "virsh domblkinfo many --all")
            #expect(sizes.contains("209715200") && sizes.contains("67108864") && sizes.contains("16777216"), "\(sizes)")
            try await fleet.drover.must("vm", "delete", "many", "--force", "--yes")
            #expect(try await fleet.machinesAndFiles("hv1", extra: true) == before)
        }

        @Test func killedOverSeveralVolumesItIsTakenBack() async throws {
            let fleet = try LabFleet.shared()
            try await fleet.withImage()
            try await fleet.withExtraPool("hv1")
            _ = try await fleet.brought(to: "hv1")
            let before = try await fleet.machinesAndFiles("hv1", extra: true)
            let asked = ["vm", "create", "broken-off", "--image", "counter", "--memory", "96M", "--on", "hv1"]
            let ended = try await fleet.drover.run(asked + Self.disks) { drover in
                try await fleet.waitForStep("making", of: "create", named: "broken-off")
                kill(drover, SIGKILL)
            }
            #expect(ended.code == 128 + SIGKILL, ended.words)
            let recovery = try await fleet.drover("op", "recover")
            #expect(recovery.code == 0, recovery.words)
            let operation = try #require(
                try await fleet.drover.json("op", "list").list.last { $0["vm"].string == "broken-off" })
            // It may have been all but done: then it is a VM like any other.
            if operation["last_step"].string == "finished" {
                try await fleet.drover.must("vm", "delete", "broken-off", "--force", "--yes")
            }
            #expect(try await fleet.machinesAndFiles("hv1", extra: true) == before)
        }

        @Test func severalComeAndGoTogether() async throws {
            let fleet = try LabFleet.shared()
            try await fleet.withImage()
            let before = try await fleet.holdings()
            let made = try await fleet.drover.json(
                "vm", "create", "row[1-3]", "--image", "counter", "--memory", "32M", "--no-start")
            #expect(made.list.map { $0["state"].string } == ["stopped", "stopped", "stopped"])
            // One name is taken: the others are made all the same.
            let mixed = try await fleet.drover(
                "vm", "create", "row[3-4]", "--image", "counter", "--memory", "32M", "--no-start", "--format", "json")
            #expect(mixed.code == 3 && mixed.problem.contains("the name \"row3\" is taken"), mixed.words)
            for name in ["row1", "row2", "row3", "row4"] {
                try await fleet.drover.must("vm", "delete", name, "--yes")
            }
            let after = try await fleet.holdings()
            #expect(Set(after.keys) == Set(before.keys))
        }
    }
}

extension LabFleet {
    /// A second directory pool on a host.
    nonisolated func withExtraPool(_ host: String) async throws {
        _ = try await stage("extra pool on \(host)") { fleet in
            try await fleet.told(
                host,
                "virsh -q pool-define-as extra dir --target /srv/extra && virsh -q pool-build extra && virsh -q pool-start extra"
            )
        }
    }

    nonisolated func machinesAndFiles(_ host: String, extra: Bool) async throws -> [String] {
        let more = try await told(host, "ls -A /srv/extra 2>/dev/null; true")
        return try await (machinesAndFiles(host) + more.split(separator: "\n").map { String($0) }).sorted()
    }
}
