import Foundation
import Glibc
import TestSupport
import Testing

extension OnALab {
    @Suite struct RaceTests {
        @Test func ofTwoControllersOneWins() async throws { try await Racing(rounds: 4).run() }

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

/// `make test-races`: as often as `DROVER_RACES` says. `DROVER_SEED` repeats a run.
@Suite(
    .serialized, .enabled(if: Racing.asked != nil, "takes long; DROVER_RACES=N asks for it"), .onOneLab,
    .timeLimit(.minutes(180)))
struct ManyRaces {
    @Test func ofTwoControllersOneWins() async throws {
        try await Racing(rounds: try #require(Racing.asked)).run()
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

/// Two controllers with copies of one fleet directory do something to one VM at the same time.
private struct Racing {
    static let asked = ProcessInfo.processInfo.environment["DROVER_RACES"].flatMap { Int($0) }

    private enum Deed: String, CaseIterable { case migrate, delete, create }

    let rounds: Int

    func run() async throws {
        let given = ProcessInfo.processInfo.environment["DROVER_SEED"].flatMap { UInt64($0) }
        let seed = given ?? UInt64.random(in: 1...999_999)
        print("racing \(rounds) times, DROVER_SEED=\(seed)")
        let fleet = try LabFleet.shared()
        try await fleet.withImage()
        var chance = Chance(seed: seed)
        let controllers = [fleet.drover, fleet.drover.working(in: try fleet.copied("rival"))]
        var counts: [String: Int] = [:]
        for round in 1...max(1, rounds) {
            let deeds = [Deed.allCases.randomElement(using: &chance), Deed.allCases.randomElement(using: &chance)]
                .compactMap { $0 }
            let place = try await prepare(deeds, controllers[0], fleet)
            let delay = Double.random(in: 0...0.4, using: &chance)
            let first = Int.random(in: 0...1, using: &chance)
            async let one = controllers[first].run(words(deeds[0], place, "hv1"))
            try await Task.sleep(for: .seconds(delay))
            async let two = controllers[1 - first].run(words(deeds[1], place, "hv2"))
            let ends = try await [one, two]
            let context: Comment =
                "round \(round) of seed \(seed): \(deeds) \(Int(delay * 1000)) ms apart\n\(ends.map { "\($0.code) \($0.problem)" })"
            try await judge(deeds, ends, controllers, fleet, context)
            counts["\(deeds[0]) and \(deeds[1]) ended with \(ends[0].code) and \(ends[1].code)", default: 0] += 1
            print("round \(round): \(deeds[0]) and \(deeds[1]): \(ends[0].code) and \(ends[1].code)")
        }
        for (what, count) in counts.sorted(by: { $0.key < $1.key }) { print("\(count) x \(what)") }
        if try await !copies(fleet).isEmpty { try await fleet.drover.must("vm", "delete", "race", "--force", "--yes") }
    }

    private func copies(_ fleet: LabFleet) async throws -> [String: String] {
        try await Guest(fleet: fleet, name: "race").copies()
    }

    /// - Returns: where the VM is now; nil where two make it.
    private func prepare(_ deeds: [Deed], _ drover: Drover, _ fleet: LabFleet) async throws -> String? {
        let place = try await copies(fleet).keys.first
        if deeds == [.create, .create] {
            if place != nil { try await drover.must("vm", "delete", "race", "--force", "--yes") }
            return nil
        }
        if let place { return place }
        try await drover.must("vm", "create", "race", "--image", "counter", "--memory", "64M", "--on", "hv1")
        return "hv1"
    }

    private func words(_ deed: Deed, _ place: String?, _ target: String) -> [String] {
        switch deed {
        case .create: ["vm", "create", "race", "--image", "counter", "--memory", "64M", "--on", target]
        case .delete: ["vm", "delete", "race", "--force", "--yes"]
        case .migrate: ["vm", "migrate", "race", "--to", place == "hv1" ? "hv2" : "hv1", "--keep-source", "0"]
        }
    }

    /// At most one copy, nothing half done, and never two that did what only one can do.
    private func judge(
        _ deeds: [Deed], _ ends: [Ended], _ controllers: [Drover], _ fleet: LabFleet, _ context: Comment
    ) async throws {
        let copies = try await copies(fleet)
        #expect(copies.count <= 1, "\(context) \(copies)")
        #expect(copies.values.allSatisfy { $0.hasPrefix("running") }, "\(context) \(copies)")
        if deeds[0] == deeds[1] {
            #expect(ends.count(where: \.succeeded) == 1, context)
            #expect(copies.count == (deeds[0] == .delete ? 0 : 1), context)
        }
        for drover in controllers {
            let open = try await drover.json("op", "list").list.filter { $0["closed"].bool != true }
            #expect(open.isEmpty, context)
        }
        for host in fleet.hosts {
            let left = "ls -A /var/lib/drover/operations 2>/dev/null; ls -d /run/drover/locks/vm-* 2>/dev/null; true"
            #expect(try await fleet.told(host, left).isEmpty, context)
            let remains = try await fleet.remains(on: host)
            #expect(remains.isEmpty, "\(context) on \(host): \(remains)")
        }
    }
}
