import Foundation
import Glibc
import Testing

extension OnALab {
    /// Live migration without shared storage: one copy of the guest at every end, whoever dies on the way.
    @Suite struct MigrationTests {
        private func otherHost(_ fleet: LabFleet, than host: String) -> String {
            fleet.hosts.first { $0 != host } ?? ""
        }

        /// Waits until memory flows from the source.
        private func midCopy(_ guest: Guest, on source: String) async throws {
            _ = try await eventually(every: 0.1, "\(guest.name)'s memory is copied") {
                let job = try await guest.fleet.on(source, "virsh -q domjobinfo \(guest.name)")
                return job.output.contains("Memory remaining") ? true : nil
            }
        }

        /// One copy that runs, on `host`, with all of its files there and none under their own names elsewhere.
        private func expectOneCopy(_ guest: Guest, boot: String, on host: String) async throws {
            let copies = try await guest.copies()
            #expect(Array(copies.keys) == [host] && copies[host]?.hasPrefix("running") == true, "\(copies)")
            #expect(
                Set(try await guest.files(on: host)).isSuperset(of: [
                    "\(guest.name)_system.qcow2", "\(guest.name)_seed.iso",
                ]))
            for other in guest.fleet.hosts where other != host {
                let left = try await guest.files(on: other).filter { !$0.contains(".moved-") }
                #expect(left.isEmpty, "\(other) still has \(left)")
            }
            let count = try await guest.counting()
            #expect(count.boot == boot)
            let later = try await eventually("\(guest.name) goes on counting") {
                let next = try await guest.counting()
                return next.number > count.number ? next : nil
            }
            #expect(later.boot == boot)
            #expect(try await guest.fleet.told(host, "ls -d /run/drover-* 2>/dev/null; true").isEmpty)
        }

        private func expectClosed(_ fleet: LabFleet) async throws {
            for operation in try await fleet.drover.json("op", "list").list {
                #expect(operation["closed"].bool == true, "\(operation)")
            }
        }

        @Test func thereAndBackWithMemoryEncrypted() async throws {
            let fleet = try LabFleet.shared()
            let (guest, boot) = try await fleet.guest()
            for _ in 0..<2 {
                let source = try await guest.host()
                let destination = otherHost(fleet, than: source)
                let ended = try await fleet.drover(
                    "vm", "migrate", guest.name, "--to", destination, "--bandwidth", "4", "--format", "json"
                ) { _ in
                    try await midCopy(guest, on: source)
                    let ask = "virsh qemu-monitor-command \(guest.name) '{\"execute\":\"query-migrate-parameters\"}'"
                    let parameters = try Tree(try await fleet.told(source, ask))["return"]
                    #expect(parameters["tls-creds"].string?.isEmpty == false)
                    #expect(parameters["tls-hostname"].string == "10.77.0.1\(destination.suffix(1))")
                    _ = try await fleet.on(source, "virsh -q migrate-setspeed \(guest.name) 1000")
                }
                #expect(ended.code == 0, ended.words)
                let report = try Tree(ended.output)
                #expect(report["result"].string == "migrated" && report["mode"].string == "live")
                #expect(report["from"].string == source && report["to"].string == destination)
                #expect(report["storage"].string == "overlay")
                #expect((report["memory_bytes"].number ?? 0) > 1_000_000)
                #expect(report["downtime_ms"].number != nil, "\(report)")
                try await expectOneCopy(guest, boot: boot, on: destination)
                let moved = try await guest.files(on: source).filter { $0.contains(".moved-") }
                #expect(moved.contains { $0.hasPrefix("\(guest.name)_system.qcow2.") }, "\(moved)")
            }
            try await expectClosed(fleet)
        }

        @Test func aControllerKilledInMidCopyIsNotMissed() async throws {
            let fleet = try LabFleet.shared()
            let (guest, boot) = try await fleet.guest()
            let source = try await guest.host()
            let destination = otherHost(fleet, than: source)
            let ended = try await fleet.drover("vm", "migrate", guest.name, "--to", destination, "--bandwidth", "1") {
                drover in
                try await midCopy(guest, on: source)
                kill(drover, SIGKILL)
            }
            #expect(ended.code == 128 + SIGKILL, ended.words)
            _ = try await fleet.on(source, "virsh -q migrate-setspeed \(guest.name) 1000")
            try await expectItRunsByItself(guest)
            #expect(try await guest.copies().keys.sorted() == [destination])
            try await expectRecovery(guest, boot: boot, on: destination)
        }

        @Test func aControllerKilledAtSwitchoverIsNotMissed() async throws {
            let fleet = try LabFleet.shared()
            let (guest, boot) = try await fleet.guest()
            let source = try await guest.host()
            let destination = otherHost(fleet, than: source)
            let ended = try await fleet.drover("vm", "migrate", guest.name, "--to", destination, "--bandwidth", "1") {
                drover in
                try await midCopy(guest, on: source)
                // Stopped, it cannot resume the guest; killed, it never will.
                kill(drover, SIGSTOP)
                _ = try await fleet.on(source, "virsh -q migrate-setspeed \(guest.name) 1000")
                _ = try await eventually("\(guest.name) has arrived") {
                    let state = try await guest.copies()[destination] ?? ""
                    return state.hasPrefix("running") || state.hasPrefix("paused (user)") ? true : nil
                }
                kill(drover, SIGKILL)
            }
            #expect(ended.code == 128 + SIGKILL, ended.words)
            try await expectItRunsByItself(guest)
            try await expectRecovery(guest, boot: boot, on: destination)
        }

        @Test func lettingGoIsNoFailure() async throws {
            let fleet = try LabFleet.shared()
            let (guest, boot) = try await fleet.guest()
            let source = try await guest.host()
            let destination = otherHost(fleet, than: source)
            let ended = try await fleet.drover("vm", "migrate", guest.name, "--to", destination, "--bandwidth", "1") {
                drover in
                try await midCopy(guest, on: source)
                kill(drover, SIGINT)
            }
            #expect(ended.code == 6, ended.words)
            #expect(ended.problem.contains("drover op recover"), ended.words)
            // Recovery joins in while it is still going on.
            async let recovery = expectRecovery(guest, boot: boot, on: destination)
            _ = try await fleet.on(source, "virsh -q migrate-setspeed \(guest.name) 1000")
            try await recovery
        }

        @Test func aMigrationUnderWayIsLeftAlone() async throws {
            let fleet = try LabFleet.shared()
            let (guest, boot) = try await fleet.guest()
            let source = try await guest.host()
            let destination = otherHost(fleet, than: source)
            let ended = try await fleet.drover(
                "vm", "migrate", guest.name, "--to", destination, "--bandwidth", "1"
            ) { _ in
                try await midCopy(guest, on: source)
                let recovery = try await fleet.drover("op", "recover")
                #expect(recovery.code == 11, recovery.words)
                for command in [
                    ["vm", "delete", guest.name, "--force", "--yes"], ["vm", "kill", guest.name, "--yes"],
                    ["vm", "migrate", guest.name, "--to", destination],
                ] {
                    let refused = try await fleet.drover.run(command)
                    #expect(!refused.succeeded, "\(command): \(refused.words)")
                }
                _ = try await fleet.on(source, "virsh -q migrate-setspeed \(guest.name) 1000")
            }
            #expect(ended.code == 0, ended.words)
            try await expectOneCopy(guest, boot: boot, on: destination)
            try await expectClosed(fleet)
        }

        /// Nobody types a command: one copy runs soon, and at no look two do.
        private func expectItRunsByItself(_ guest: Guest) async throws {
            let host = try await eventually(within: 90, "one copy of \(guest.name) runs") {
                let copies = try await guest.copies()
                let running = copies.filter { $0.value.hasPrefix("running") }
                #expect(running.count <= 1, "\(copies)")
                return copies.count == 1 ? running.keys.first : nil
            }
            #expect(guest.fleet.hosts.contains(host))
        }

        private func expectRecovery(_ guest: Guest, boot: String, on host: String) async throws {
            let fleet = guest.fleet
            let open = try await fleet.drover.json("op", "list").list.filter { $0["closed"].bool == false }
            #expect(open.count == 1)
            let recovery = try await fleet.drover("op", "recover", "--format", "json")
            #expect(recovery.code == 0, recovery.words)
            #expect(try Tree(recovery.output).list.map { $0["result"].string } == ["finished"])
            try await expectClosed(fleet)
            try await expectOneCopy(guest, boot: boot, on: host)
        }

        @Test func whatStandsAgainstItIsSaidBeforeAnythingIsTouched() async throws {
            let fleet = try LabFleet.shared()
            try await fleet.withImage()
            _ = try await fleet.told("hv1", "ip link add name side0 type bridge && ip link set dev side0 up")
            try await fleet.drover.must(
                "vm", "create", "sided", "--image", "counter", "--memory", "64M", "--on", "hv1", "--bridge", "side0")
            let file = "/var/lib/libvirt/images/sided_seed.iso"
            _ = try await fleet.told("hv2", "echo mine >\(file)")
            let guest = Guest(fleet: fleet, name: "sided")
            let before = try await fleet.holdings()

            let refused = try await fleet.drover("vm", "migrate", "sided", "--to", "hv2")
            #expect(refused.code == 1, refused.words)
            for words in [
                "hv2: error: there is no bridge \"side0\"", "hv2: error: the file \"\(file)\" exists already",
            ] {
                #expect(refused.problem.contains(words), refused.words)
            }
            let domain =
                "<domain type=\"qemu\"><name>sided</name><memory>1024</memory><os><type>hvm</type></os></domain>"
            _ = try await fleet.told(
                "hv2", "rm \(file); echo '\(domain)' >/root/sided.xml; virsh -q define /root/sided.xml")
            let ambiguous = try await fleet.drover("vm", "migrate", "sided", "--to", "hv2")
            #expect(ambiguous.code == 1 && ambiguous.problem.contains("hv2 (shut off)"), ambiguous.words)
            _ = try await fleet.told("hv2", "virsh -q undefine sided; rm /root/sided.xml; echo mine >\(file)")

            #expect(try await fleet.holdings() == before)
            #expect(try await guest.copies() == ["hv1": "running (booted)"])
            let operations = try await fleet.drover.json("op", "list").list
            #expect(!operations.contains { $0["vm"].string == "sided" && $0["kind"].string == "migrate" })
            _ = try await fleet.told("hv2", "rm \(file)")
            try await fleet.drover.must("vm", "delete", "sided", "--force", "--yes")
            _ = try await fleet.told("hv1", "ip link delete side0")
        }
    }
}
