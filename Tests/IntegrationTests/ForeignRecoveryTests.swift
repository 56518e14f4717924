import Foundation
import Glibc
import Testing

extension OnALab {
    @Suite struct ForeignRecoveryTests {
        /// A controller that is gone for good: another, with nothing but the fleet directory's own files, settles what it
        /// began; and should the first come back, it leaves all as it is.
        @Test func anotherControllerSettlesAMigration() async throws {
            let fleet = try LabFleet.shared()
            try await fleet.withImage()
            let drover = fleet.drover
            let other = drover.working(in: try fleet.copied("other"))
            try await drover.must("vm", "create", "left", "--image", "counter", "--memory", "64M", "--on", "hv1")
            let ended = try await drover(
                "vm", "migrate", "left", "--to", "hv2", "--bandwidth", "1MiB/s", "--keep-source", "0"
            ) { process in
                try await fleet.waitForStep("migrating", of: "migrate", named: "left")
                kill(process, SIGKILL)
            }
            try #require(ended.code == 128 + SIGKILL, ended.words)
            let refused = try await other("vm", "delete", "left", "--force", "--yes")
            #expect(!refused.succeeded, refused.words)
            let settled = try await eventually(within: 120, every: 2, "the migration is settled") {
                let results = try await other.json("op", "recover").list.compactMap { $0["result"].string }
                return results.first { ["finished", "undone"].contains($0) }
            }
            let copies = try await Guest(fleet: fleet, name: "left").copies()
            #expect(copies.count == 1, "\(settled): \(copies)")
            #expect(copies.values.allSatisfy { $0.hasPrefix("running") }, "\(copies)")
            let again = try await drover.json("op", "recover").list.compactMap { $0["result"].string }
            #expect(again == ["finished"])
            #expect(try await Guest(fleet: fleet, name: "left").copies() == copies)
            for host in fleet.hosts {
                #expect(try await fleet.told(host, "ls -A /var/lib/drover/operations").isEmpty)
                let remains = try await fleet.remains(on: host)
                #expect(remains.isEmpty, "on \(host): \(remains)")
            }
            try await other.must("vm", "delete", "left", "--force", "--yes")
        }
    }
}

extension LabFleet {
    /// A copy of the fleet directory without what it remembers of operations: another controller's.
    fileprivate nonisolated func copied(_ name: String) throws -> String {
        let copy = folder + "/" + name
        try? FileManager.default.removeItem(atPath: copy)
        try FileManager.default.copyItem(atPath: drover.fleet, toPath: copy)
        for memory in ["journal", "locks", "machines.json"] {
            try? FileManager.default.removeItem(atPath: "\(copy)/.drover/\(memory)")
        }
        return copy
    }
}
