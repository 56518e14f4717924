import Foundation
import Glibc
import Testing

extension OnALab {
    /// What is done to a VM between its making and its end.
    @Suite struct LifeTests {
        @Test func aMachineIsChangedKeptRenamedAndCopied() async throws {
            let fleet = try LabFleet.shared()
            try await fleet.withImage()
            let before = try await fleet.machinesAndFiles("hv2")
            let drover = fleet.drover
            try await drover.must("vm", "create", "life", "--image", "counter", "--memory", "96M", "--on", "hv2")
            try await changedWhileItRuns(fleet)
            try await keptAndBroughtBack(fleet)
            let several = try await drover("vm", "pause", "life", "nobody", "--format", "json")
            #expect(several.code == 3 && several.problem.contains("nobody"), several.words)
            #expect(try Tree(several.output).list.map { $0["result"].string } == ["paused", "failed"])
            try await drover.must("vm", "resume", "life")
            try await copied(fleet)
            // Somebody's ISO stays, whatever it is called.
            let iso = "/var/lib/libvirt/images/lives_notes.iso"
            _ = try await fleet.told("hv2", "truncate -s 64K \(iso)")
            try await drover.must("vm", "set", "lives", "--iso", iso)
            try await drover.must("vm", "delete", "lives", "--force", "--yes")
            _ = try await fleet.told("hv2", "rm \(iso)")
            #expect(
                try await fleet.machinesAndFiles("hv2").filter { !$0.hasPrefix("drover-image-") }
                    == before.filter { !$0.hasPrefix("drover-image-") })
            let operations = try await drover.json("op", "list").list
            #expect(operations.allSatisfy { $0["closed"].bool == true }, "\(operations)")
        }

        private func changedWhileItRuns(_ fleet: LabFleet) async throws {
            let sizes = try await fleet.drover.json("vm", "resize", "life", "--cpus", "2", "--disk", "9G").list
            #expect(sizes.map { $0["what"].string } == ["cpus", "disk system"])
            #expect(sizes.allSatisfy { $0["next_start"].bool == true })
            #expect(sizes.last?["now"].bool == true)
            let shrunk = try await fleet.drover("vm", "resize", "life", "--disk", "8G")
            #expect(shrunk.code == 1 && shrunk.problem.contains("cannot shrink"), shrunk.words)
            // What would keep it from starting again.
            for (words, reason) in [
                (["set", "life", "--add-nic", "network=nope", "--note", "y"], "no network \"nope\""),
                (["set", "life", "--add-nic", "br7"], "no bridge \"br7\""),
                (["resize", "life", "--cpus", "500"], "500 are too many"),
                (["resize", "life", "--memory", "900G"], "921600 MiB are too many"),
            ] {
                let beyond = try await fleet.drover.run(["vm"] + words)
                #expect(beyond.code == 1 && beyond.problem.contains(reason), beyond.words)
            }
            let added = try await fleet.drover.json(
                "vm", "set", "life", "--iso", "none", "--add-disk", "name=data,size=64M", "--add-nic", "br0",
                "--autostart", "on",
                "--note", "x")
            #expect(added.list.map { $0["what"].string } == ["note", "disk data", "nic", "autostart"])
            let now = try await fleet.told("hv2", "virsh dumpxml life; virsh domblkinfo life vda")
            #expect(now.contains("life_data.qcow2") && now.contains("\(9 << 30)"))
        }

        /// Off, so that nothing depends on how fast a guest is: a disk and its definition come back.
        private func keptAndBroughtBack(_ fleet: LabFleet) async throws {
            let drover = fleet.drover
            let plugged = try await drover("vm", "snapshot", "create", "life")
            #expect(plugged.code == 1 && plugged.problem.contains("plugged into"), plugged.words)
            try await drover.must("vm", "kill", "life", "--yes")
            try await drover.must("vm", "start", "life")
            try await drover.must("vm", "snapshot", "create", "life", "early", "--note", "as it was")
            let refused = try await drover("vm", "migrate", "life", "--to", "hv1")
            #expect(refused.code == 1 && refused.problem.contains("has snapshots"), refused.words)
            try await drover.must("vm", "kill", "life", "--yes")
            try await drover.must("vm", "set", "life", "--add-disk", "name=late,size=16M")
            let unsure = try await drover("vm", "snapshot", "revert", "life", "early")
            #expect(unsure.code == 64, unsure.words)
            let back = try await drover("vm", "snapshot", "revert", "life", "early", "--yes", "--force")
            #expect(back.succeeded && back.problem.contains("\"life_late.qcow2\" stays"), back.words)
            try await drover.must("pool", "volume", "delete", "default", "life_late.qcow2", "-t", "hv2", "--yes")
            #expect(try await drover.json("vm", "show", "life")["state"].string == "running")
            let named = try await drover("vm", "rename", "life", "lives")
            #expect(named.code == 1 && named.problem.contains("running"), named.words)
            try await drover.must("vm", "snapshot", "delete", "life", "early", "--yes")
            #expect(try await drover.json("vm", "snapshot", "list", "life").list.isEmpty)
            try await drover.must("vm", "save", "life")
            try await drover.must("vm", "start", "life")
            #expect(try await fleet.told("hv2", "virsh domstate --reason life") == "running (restored)")
        }

        private func copied(_ fleet: LabFleet) async throws {
            let drover = fleet.drover
            try await drover.must("vm", "clone", "life", "copy")
            try await drover.must("vm", "kill", "life", "--yes")
            try await drover.must("vm", "set", "life", "--remove-disk", "data", "--delete-volumes", "--yes")
            try await drover.must("vm", "rename", "life", "lives")
            let files = try await fleet.machinesAndFiles("hv2")
            #expect(files.contains("lives_system.qcow2") && !files.contains { $0.hasPrefix("life_") }, "\(files)")
            try await drover.must("vm", "clone", "lives", "linked", "--linked", "--start")
            let one = try await drover.json("vm", "show", "lives")
            let other = try await drover.json("vm", "show", "linked")
            #expect(one["uuid"] != other["uuid"])
            #expect(
                Set(one["interfaces"].list.map { $0["mac"] }).isDisjoint(
                    with: other["interfaces"].list.map { $0["mac"] }))
            // Whoever goes first, the other keeps what it stands on.
            try await drover.must("vm", "start", "lives")
            try await drover.must("vm", "delete", "linked", "--force", "--yes")
            try await drover.must("vm", "delete", "copy", "--yes")
            #expect(try await fleet.told("hv2", "virsh domstate lives") == "running")
        }

        /// libvirt names their file only while the domain runs.
        @Test func variablesOfTheFirmwareAreKeptCopiedAndRemoved() async throws {
            let fleet = try LabFleet.shared()
            try await fleet.withImage()
            let drover = fleet.drover
            try await drover.must(
                "vm", "create", "efi", "--image", "counter", "--memory", "96M", "--uefi", "--on", "hv2")
            try await drover.must("vm", "kill", "efi", "--yes")
            try await drover.must("vm", "rename", "efi", "efis")
            try await drover.must("vm", "clone", "efis", "efi2")
            let kept = try await fleet.told("hv2", "cd /var/lib/libvirt/qemu/nvram && ls")
            #expect(kept.split(separator: "\n") == ["efi2_VARS.fd", "efis_VARS.fd"])
            for name in ["efis", "efi2"] {
                try await drover.must("vm", "start", name)
                try await drover.must("vm", "delete", name, "--force", "--yes")
            }
            #expect(try await fleet.told("hv2", "ls /var/lib/libvirt/qemu/nvram").isEmpty)
        }
    }
}

extension Tree: Hashable {
    func hash(into hasher: inout Hasher) { hasher.combine("\(self)") }
}
