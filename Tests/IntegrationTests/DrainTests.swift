import Foundation
import Testing

extension OnALab {
    /// A host is emptied, avoided, and filled again, while its guest goes on.
    @Suite struct DrainTests {
        @Test func aHostIsEmptiedAvoidedAndFilledAgain() async throws {
            let fleet = try LabFleet.shared()
            let (guest, boot) = try await fleet.guest()
            let home = try await guest.host()
            let other = try #require(fleet.hosts.first { $0 != home })
            let check = try await fleet.drover("host", "drain", home, "--check", "--format", "json")
            let moves = try Tree(check.output)["moves"].list
            #expect(moves.contains { $0["vm"].string == guest.name && $0["to"].string == other }, check.words)
            #expect(try await fleet.on(home, "test -e /var/lib/drover/drained").succeeded == false)

            // VMs that others left there turned off may have to stay: then it is 3.
            let drained = try await fleet.drover("host", "drain", home, "--reason", "a new fan", "--format", "json")
            #expect([0, 3].contains(drained.code), drained.words)
            #expect(try await guest.host() == other)
            #expect(try await fleet.told(home, "cat /var/lib/drover/drained").contains("a new fan"))
            let judged = try await fleet.drover(
                "vm", "create", "nowhere", "--image", "counter", "--memory", "64M", "--explain", "--format", "json")
            let verdict = try #require(
                try Tree(judged.output).list.first?["hosts"].list.first { $0["host"].string == home })
            #expect(verdict["fit"].bool == false, "\(verdict)")
            #expect(verdict["excluded"].list.first?["reason"].string == "maintenance", "\(verdict)")
            let hosts = try await fleet.drover.json("host", "list").list
            #expect(hosts.first { $0["name"].string == home }?["drained"]["reason"].string == "a new fan")

            let undrained = try await fleet.drover("host", "undrain", home, "--format", "json")
            #expect(undrained.code == 0, undrained.words)
            #expect(try await guest.host() == home)
            #expect(try await guest.counting().boot == boot)
            #expect(try await fleet.on(home, "ls /var/lib/drover/drained*").succeeded == false)
            let again = try await fleet.drover("host", "undrain", home)
            #expect(again.code == 1 && again.problem.contains("is not drained"), again.words)
        }
    }
}
