import Foundation
import Glibc
import Testing

extension OnALab {
    /// What a user decides about a migration while it goes on.
    @Suite struct MigrationControlTests {
        private func way(_ guest: Guest) async throws -> (from: String, to: String) {
            let source = try await guest.host()
            return (source, try #require(guest.fleet.hosts.first { $0 != source }))
        }

        private func midCopy(_ guest: Guest, on source: String) async throws {
            _ = try await eventually(every: 0.1, "\(guest.name)'s memory is copied") {
                let job = try await guest.fleet.on(source, "virsh -q domjobinfo \(guest.name)")
                return job.output.contains("Memory remaining") ? true : nil
            }
        }

        private func hurry(_ guest: Guest, on source: String) async throws {
            _ = try await guest.fleet.on(source, "virsh -q migrate-setspeed \(guest.name) 1000")
        }

        /// It runs on as the same boot on one host only, and nothing is left open.
        private func expectItRuns(_ guest: Guest, boot: String, on host: String) async throws {
            let copies = try await guest.copies()
            #expect(Array(copies.keys) == [host] && copies[host]?.hasPrefix("running") == true, "\(copies)")
            #expect(try await guest.counting().boot == boot)
            let open = try await guest.fleet.drover.json("op", "list").list.filter { $0["closed"].bool == false }
            #expect(open.isEmpty, "\(open)")
        }

        @Test func othersLookOnAndCallItOff() async throws {
            let fleet = try LabFleet.shared()
            let (guest, boot) = try await fleet.guest()
            let (source, destination) = try await way(guest)
            let ended = try await fleet.drover(
                "vm", "migrate", guest.name, "--to", destination, "--bandwidth", "1", "--format", "json"
            ) { _ in
                try await midCopy(guest, on: source)
                let attached = try await fleet.drover("op", "attach", guest.name)
                #expect(attached.code == 11, attached.words)
                async let watched = fleet.drover("op", "watch", "--format", "json")
                let cancelled = try await fleet.drover("op", "cancel", guest.name)
                #expect(cancelled.code == 0, cancelled.words)
                let seen = try await watched
                #expect(seen.code == 1, seen.words)
                #expect(try Tree(seen.output)["result"].string == "not-migrated")
            }
            #expect(ended.code == 1, ended.words)
            #expect(try Tree(ended.output)["result"].string == "not-migrated")
            let lines = try ended.problem.split(separator: "\n").filter { $0.hasPrefix("{") }.map {
                try Tree(String($0))
            }
            let memory = lines.map { $0["progress"] }.filter { $0["phase"].string == "memory" }
            #expect((memory.last?["total_bytes"].number ?? 0) > 10_000_000, ended.words)
            try await expectItRuns(guest, boot: boot, on: source)
            #expect(try await guest.files(on: destination).allSatisfy { $0.contains(".moved-") })
        }

        @Test func whoeverComesBackTakesItOver() async throws {
            let fleet = try LabFleet.shared()
            let (guest, boot) = try await fleet.guest()
            let (source, destination) = try await way(guest)
            let letGo = try await fleet.drover("vm", "migrate", guest.name, "--to", destination, "--bandwidth", "1") {
                drover in
                try await midCopy(guest, on: source)
                kill(drover, SIGINT)
            }
            #expect(letGo.code == 6 && letGo.problem.contains("drover op attach"), letGo.words)
            let ended = try await fleet.drover("op", "attach", "--format", "json") { _ in
                try await hurry(guest, on: source)
            }
            #expect(ended.code == 0, ended.words)
            let report = try Tree(ended.output)
            #expect(report["result"].string == "migrated" && report["to"].string == destination)
            #expect(report["downtime_ms"].number != nil, ended.words)
            let late = try await fleet.drover("op", "cancel", report["operation"].string ?? "")
            #expect(late.code == 1 && late.problem.contains("too late"), late.words)
            try await expectItRuns(guest, boot: boot, on: destination)
        }

        @Test func aSecondInterruptCallsItOff() async throws {
            let fleet = try LabFleet.shared()
            let (guest, boot) = try await fleet.guest()
            let (source, destination) = try await way(guest)
            let ended = try await fleet.drover("vm", "migrate", guest.name, "--to", destination, "--bandwidth", "1") {
                drover in
                try await midCopy(guest, on: source)
                kill(drover, SIGINT)
                try await Task.sleep(for: .milliseconds(200))
                kill(drover, SIGINT)
            }
            #expect(ended.code == 130, ended.words)
            try await expectItRuns(guest, boot: boot, on: source)
        }

        @Test func theDeadlineHasTheGuestStandStill() async throws {
            let fleet = try LabFleet.shared()
            let (guest, boot) = try await fleet.guest()
            let (source, destination) = try await way(guest)
            let ended = try await fleet.drover(
                "vm", "migrate", guest.name, "--to", destination, "--bandwidth", "1MiB/s", "--deadline", "2s",
                "--if-stuck", "pause", "-v"
            ) { _ in
                _ = try await eventually("the guest stands still") {
                    try await guest.copies()[source]?.hasPrefix("paused") == true ? true : nil
                }
                try await hurry(guest, on: source)
            }
            #expect(ended.code == 0 && ended.problem.contains("the deadline of 2 s is over"), ended.words)
            try await expectItRuns(guest, boot: boot, on: destination)
        }

        @Test func aPausedGuestArrivesPausedWhateverBecomesOfOthers() async throws {
            let fleet = try LabFleet.shared()
            let (guest, boot) = try await fleet.guest()
            let (_, destination) = try await way(guest)
            try await fleet.drover.must("vm", "pause", guest.name)
            let ended = try await fleet.drover(
                "vm", "migrate", guest.name, "nobody", "--to", destination, "--via", "10.77.0.0/24", "--format", "json")
            #expect(ended.code == 3, ended.words)
            #expect(try Tree(ended.output).list.map { $0["result"].string } == ["migrated", "not-migrated"])
            #expect(try await guest.copies() == [destination: "paused (user)"])
            try await fleet.drover.must("vm", "resume", guest.name)
            try await expectItRuns(guest, boot: boot, on: destination)
        }
    }
}
