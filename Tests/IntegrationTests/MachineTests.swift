import Foundation
import Glibc
import Testing

extension OnALab {
    /// VMs from their making to their end.
    @Suite struct MachineTests {
        @Test func aMachineIsMadeStoppedStartedAndDeleted() async throws {
            let fleet = try LabFleet.shared()
            try await fleet.withImage()
            let before = try await fleet.machinesAndFiles("hv1")
            let made = try await fleet.drover.json(
                "vm", "create", "shortlived", "--image", "counter", "--memory", "96M", "--on", "hv1")
            #expect(made["host"].string == "hv1")
            let guest = Guest(fleet: fleet, name: "shortlived")
            try await guest.counting()

            let listed = try #require(
                try await fleet.drover.json("vm", "list").list.first { $0["name"].string == "shortlived" })
            #expect(listed["uuid"] == made["uuid"])
            #expect(listed["state"].string == "running" && listed["host"].string == "hv1")
            #expect(listed["cpus"].number == 1 && listed["memory_mib"].number == 96)
            #expect(listed["image"].string == "counter" && listed["autostart"].bool == false)
            #expect(listed["addresses"].list.compactMap(\.string) == [try await guest.address()].compactMap { $0 })
            #expect(try await guest.copies() == ["hv1": "running (booted)"])
            #expect(try await fleet.told("hv1", "virsh dumpxml shortlived").contains("urn:drover:domain:1"))

            try await fleet.drover.must("vm", "stop", "shortlived")
            #expect(try await guest.copies() == ["hv1": "shut off (shutdown)"])
            try await fleet.drover.must("vm", "start", "shortlived")
            #expect(try await guest.show()["state"].string == "running")

            let gentle = try await fleet.drover("vm", "delete", "shortlived", "--yes")
            #expect(gentle.code == 1 && gentle.problem.contains("--force"), gentle.words)
            let unsure = try await fleet.drover("vm", "delete", "shortlived", "--force")
            #expect(unsure.code == 64 && unsure.problem.contains("shortlived_system.qcow2"), unsure.words)
            #expect(try await guest.show()["state"].string == "running")
            try await fleet.drover.must("vm", "delete", "shortlived", "--force", "--yes")
            #expect(
                try await fleet.machinesAndFiles("hv1").filter { !$0.hasPrefix("drover-image-") }
                    == before.filter { !$0.hasPrefix("drover-image-") })
        }

        @Test func aTakenNameIsRefused() async throws {
            let fleet = try LabFleet.shared()
            let guest = try await fleet.guest().guest
            let before = try await fleet.holdings()
            let other = try await guest.host() == "hv1" ? "hv2" : "hv1"
            let ended = try await fleet.drover("vm", "create", guest.name, "--image", "counter", "--on", other)
            #expect(ended.code == 1, ended.words)
            #expect(ended.problem.contains("the name \"\(guest.name)\" is taken"), ended.words)
            #expect(try await fleet.holdings() == before)
        }

        @Test func whatFailsMidwayLeavesNothing() async throws {
            let fleet = try LabFleet.shared()
            try await fleet.withImage()
            // The image may stay: it is whole, and the next VM needs it.
            for host in fleet.hosts { _ = try await fleet.brought(to: host) }
            let before = try await fleet.holdings()
            let ended = try await fleet.drover(
                "vm", "create", "halfway", "--image", "counter", "--on", "hv2", "--nic", "bridge=br0,vlan=5")
            #expect(ended.code == 1, ended.words)
            #expect(ended.problem.contains("hv2: error: "), ended.words)
            #expect(ended.problem.contains("VLAN tag"), ended.words)
            #expect(try await fleet.holdings() == before)
            let operations = try await fleet.drover.json("op", "list").list.filter { $0["vm"].string == "halfway" }
            #expect(
                operations.allSatisfy { $0["closed"].bool == true && $0["last_step"].string == "undone" },
                "\(operations)")
        }

        @Test(arguments: [SIGKILL, SIGINT])
        func anInterruptedCreationIsTakenBack(by signal: Int32) async throws {
            let fleet = try LabFleet.shared()
            try await fleet.withImage()
            _ = try await fleet.brought(to: "hv2")
            let before = try await fleet.holdings()
            let ended = try await fleet.drover("vm", "create", "cutshort", "--image", "counter", "--on", "hv2") {
                drover in
                try await fleet.waitForStep("begin", of: "create", named: "cutshort")
                kill(drover, signal)
            }
            #expect(ended.code == (signal == SIGKILL ? 128 + SIGKILL : 130), ended.words)
            let recovery = try await fleet.drover("op", "recover")
            #expect(recovery.code == 0, recovery.words)
            let operation = try #require(
                try await fleet.drover.json("op", "list").list.last { $0["vm"].string == "cutshort" })
            #expect(operation["closed"].bool == true)
            // It may have been all but done: then it is a VM like any other.
            if operation["last_step"].string == "finished" {
                try await fleet.drover.must("vm", "delete", "cutshort", "--force", "--yes")
            }
            #expect(try await fleet.holdings() == before)
        }

        @Test func aFullPoolLeavesNothing() async throws {
            let fleet = try LabFleet.shared()
            try await fleet.withImage()
            _ = try await fleet.brought(to: "hv2")
            let pool = "/var/lib/libvirt/images"
            _ = try await fleet.told("hv2", "mount -t tmpfs -o size=4m tmpfs \(pool) && virsh -q pool-refresh default")
            let ended = try await fleet.drover("vm", "create", "crowded", "--image", "counter", "--on", "hv2")
            let left = try await fleet.told("hv2", "ls -A \(pool); virsh -q list --all --name | grep crowded; true")
            _ = try await fleet.told("hv2", "umount \(pool) && virsh -q pool-refresh default")
            #expect(ended.code != 0, ended.words)
            #expect(ended.problem.contains("hv2: error: ") && ended.problem.contains("No space left"), ended.words)
            #expect(left.isEmpty)
            let recovery = try await fleet.drover("op", "recover")
            #expect(recovery.code == 0, recovery.words)
        }
    }
}

extension LabFleet {
    /// Names of VMs and files of a host.
    nonisolated func machinesAndFiles(_ host: String) async throws -> [String] {
        try await told(host, "virsh -q list --all --name; ls -A /var/lib/libvirt/images 2>/dev/null; true")
            .split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }.sorted()
    }

    /// Has the image brought to a host by a VM that comes and goes.
    nonisolated func brought(to host: String) async throws -> Bool {
        try await stage("image on \(host)") { fleet in
            let name = "first-on-\(host)"
            try await fleet.drover.must("vm", "create", name, "--image", "counter", "--memory", "64M", "--on", host)
            return try await fleet.drover.must("vm", "delete", name, "--force", "--yes").succeeded
        }
    }
}
