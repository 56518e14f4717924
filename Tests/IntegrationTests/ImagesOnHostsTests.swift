import Foundation
import Glibc
import Testing

extension OnALab {
    /// Images on their way to hosts, and away from them.
    @Suite struct ImagesOnHostsTests {
        /// A raw disk of 40 MiB: 12 MiB of data at its beginning, 1 MiB at its end, a hole between.
        private func image(_ fleet: LabFleet, _ name: String) async throws -> String {
            try await fleet.converged()
            var bytes = Data(count: 40 << 20)
            var state = UInt64(name.utf8.reduce(1) { $0 &* 31 &+ UInt64($1) })
            for index in Array(0..<(12 << 20)) + Array((39 << 20)..<(40 << 20)) where index % 8 == 0 {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                bytes[index] = UInt8(truncatingIfNeeded: state >> 33) | 1
            }
            bytes[510] = 0x55
            bytes[511] = 0xAA
            let path = try fleet.write("images/\(name).raw", "")
            try bytes.write(to: URL(fileURLWithPath: path))
            let held = try await fleet.drover.json("image", "add", path, "--name", name)
            return try #require(held["sha256"].string)
        }

        private func volume(_ digest: String) -> String {
            "/var/lib/libvirt/images/drover-image-\(digest.prefix(16)).raw"
        }

        @Test func hostsFeedEachOther() async throws {
            let fleet = try LabFleet.shared()
            let digest = try await image(fleet, "spread")
            let report = try await fleet.drover.json("image", "push", "spread", "-t", "hv1,hv2")
            #expect(report["hosts"].list.map { $0["result"].string } == ["placed", "placed"])
            // Each byte of data left the controller once, and no hole did.
            #expect(report["controller_bytes"].number == Double(13 << 20))
            for host in ["hv1", "hv2"] {
                let path = volume(digest)
                #expect(try await fleet.told(host, "sha256sum \(path)").hasPrefix(digest))
                #expect(try await fleet.told(host, "stat -c %a \(path)") == "400")
                let blocks = try #require(Int(try await fleet.told(host, "du -k \(path) | cut -f1")))
                #expect(blocks <= (13 << 10) + 256)
                #expect(try await fleet.told(host, "ls -A /var/lib/libvirt/images").contains(".part") == false)
            }
            // One of them as if its push had been cut off before libvirt looked again.
            let path = volume(digest)
            _ = try await fleet.told(
                "hv2", "mv \(path) /root/aside && virsh -q pool-refresh default && mv /root/aside \(path)")
            let again = try await fleet.drover.json("image", "push", "spread", "-t", "hv1,hv2")
            #expect(again["hosts"].list.map { $0["result"].string } == ["present", "present"])
            #expect(again["controller_bytes"].number == 0)
            let listed = try await fleet.drover.json("image", "list").list.first { $0["name"].string == "spread" }
            #expect(listed?["hosts"].list.compactMap(\.string) == ["hv1", "hv2"])
            #expect(listed?["used_by"].list.isEmpty == true)
            try await fleet.drover.must("image", "remove", "spread", "--yes")
            for host in ["hv1", "hv2"] { #expect(try await fleet.on(host, "ls \(volume(digest))").succeeded == false) }
            #expect(try await fleet.drover("image", "show", "spread").code == 1)
        }

        @Test func aVMHasItsImageFromAnotherHost() async throws {
            let fleet = try LabFleet.shared()
            let digest = try await image(fleet, "fed")
            try await fleet.drover.must("image", "push", "fed", "-t", "hv1")
            try await fleet.drover.must("vm", "create", "fed", "--image", "fed", "--no-start", "--on", "hv2")
            #expect(try await fleet.told("hv2", "sha256sum \(volume(digest))").hasPrefix(digest))
            let operations = try await fleet.drover.json("op", "list").list
            let created = try #require(operations.last { $0["kind"].string == "create" }?["operation"].string)
            let made = try await fleet.drover.json("op", "show", created).list.compactMap { $0["volume"].string }
            #expect(made == ["fed_system.qcow2", "fed_seed.iso"] || made == ["fed_seed.iso", "fed_system.qcow2"])
            #expect(operations.last { $0["kind"].string == "push" }?["last_step"].string == "finished")
            try await fleet.drover.must("vm", "delete", "fed", "--yes")
            try await fleet.drover.must("image", "remove", "fed", "--yes")
        }

        @Test func whatIsInUseStays() async throws {
            let fleet = try LabFleet.shared()
            let guest = try await fleet.guest().guest
            let digest = try #require(try await fleet.drover.json("image", "show", "counter")["sha256"].string)
            let host = try #require(try await guest.host())
            let refused = try await fleet.drover("image", "remove", "counter", "--yes")
            #expect(refused.code == 1 && refused.problem.contains("is in use"), refused.words)
            #expect(refused.problem.contains(guest.name), refused.words)
            // What a controller has no name for goes, if nobody stands on it.
            let other = try await fleet.spoiled("pruner")
            let orphan = try await image(fleet, "orphan")
            try await fleet.drover.must("image", "push", "orphan", "-t", host)
            // A host that does not answer holds up nobody, and is named.
            _ = try fleet.write(
                "pruner/inventory/gone.yaml", "hosts: {gone: {address: 127.0.0.1, roles: [hypervisor]}}\n")
            let pruned = try await other("image", "prune", "-t", "\(host),gone", "--yes")
            #expect(pruned.code == 4 && pruned.problem.contains("gone"), pruned.words)
            #expect(try await fleet.on(host, "ls \(volume(orphan))").succeeded == false)
            let path = volume(digest).replacingOccurrences(of: ".raw", with: ".qcow2")
            #expect(try await fleet.on(host, "ls \(path)").succeeded)
            try await fleet.drover.must("image", "show", "counter")
        }

        @Test func aKilledPushIsTakenBack() async throws {
            let fleet = try LabFleet.shared()
            _ = try await image(fleet, "killed")
            func files() async throws -> [String] {
                var files: [String] = []
                for host in ["hv1", "hv2"] { files.append(try await fleet.told(host, "ls -A /var/lib/libvirt/images")) }
                return files
            }
            let before = try await files()
            let ended = try await fleet.drover("image", "push", "killed", "-t", "hv1,hv2") { process in
                try await fleet.waitForStep("making", of: "push")
                kill(process, SIGKILL)
            }
            #expect(ended.succeeded == false)
            try await fleet.drover.must("op", "recover")
            #expect(try await files() == before)
            try await fleet.drover.must("image", "remove", "killed", "--yes")
        }
    }
}
