import Foundation
import TestSupport
import Testing

extension OnALab {
    @Suite struct RaceTests {
        @Test func twoControllersNeverBothWin() async throws { try await Racing(rounds: 4).run() }
    }
}

/// `make test-races`: as often as `DROVER_RACES` says. `DROVER_SEED` repeats a run.
@Suite(
    .serialized, .enabled(if: Racing.asked != nil, "takes long; DROVER_RACES=N asks for it"), .onOneLab,
    .timeLimit(.minutes(120)))
struct ManyRaces {
    @Test func twoControllersNeverBothWin() async throws { try await Racing(rounds: try #require(Racing.asked)).run() }
}

/// Two controllers, each with its own copy of the fleet directory and its own journal, at one VM at the same time.
private struct Racing {
    static let asked = ProcessInfo.processInfo.environment["DROVER_RACES"].flatMap { Int($0) }

    /// What both do; in a short run each comes once.
    enum Race: String, CaseIterable {
        case bothCreate, bothMigrate, bothDelete, migrateAndDelete, createAndDelete, migrateAndStart

        /// Whether the VM is there beforehand.
        var needsMachine: Bool { self != .bothCreate && self != .createAndDelete }
        /// Whether two that succeed cannot both be right, even one after the other.
        var hasOneWinner: Bool { [.bothCreate, .bothMigrate, .bothDelete].contains(self) }
    }

    let rounds: Int

    func run() async throws {
        let given = ProcessInfo.processInfo.environment["DROVER_SEED"].flatMap { UInt64($0) }
        let seed = given ?? UInt64.random(in: 1...999_999)
        print("racing \(rounds) times, DROVER_SEED=\(seed)")
        let fleet = try LabFleet.shared()
        try await fleet.withImage()
        let other = try await fleet.spoiled("other")
        for memory in ["journal", "locks", "machines.json"] {
            try? FileManager.default.removeItem(atPath: other.fleet + "/.drover/" + memory)
        }
        var chance = Chance(seed: seed)
        var counts: [String: Int] = [:]
        for round in 0..<max(1, rounds) {
            let race = Race.allCases[round % Race.allCases.count]
            let isActive = race != .migrateAndStart && Bool.random(using: &chance)
            let name = "raced\(round)"
            let source = fleet.hosts[Int.random(in: 0...1, using: &chance)]
            if race.needsMachine { try await create(name, on: source, isActive, fleet.drover) }
            let pair = words(race, name, from: source, to: fleet.hosts.first { $0 != source } ?? "", isActive)
            let delay = Double.random(in: 0...0.4, using: &chance)
            let isSwapped = Bool.random(using: &chance)
            async let one = later(isSwapped ? delay : 0, fleet.drover, pair.0)
            async let two = later(isSwapped ? 0 : delay, other, pair.1)
            let ends = try await [one, two]
            let said = ends.map { "\($0.code) \($0.output) \($0.problem)" }.joined(separator: "\n")
            let context = Comment(rawValue: "round \(round) of seed \(seed): \(race): \(said)")
            try await check(race, name, ends, fleet, other, context)
            counts["\(race): \(ends.map { "\($0.code)" }.joined(separator: " and "))", default: 0] += 1
            print("round \(round): \(race), \(isActive ? "paused" : "off"): \(ends.map(\.code))")
            if try await !Guest(fleet: fleet, name: name).copies().isEmpty {
                try await fleet.drover.must("vm", "delete", name, "--force", "--yes")
            }
        }
        for (what, count) in counts.sorted(by: { $0.key < $1.key }) { print("\(count) x \(what)") }
    }

    /// One that has not run an instruction costs no time to emulate, and moves as a running one does.
    private func create(_ name: String, on host: String, _ isActive: Bool, _ drover: Drover) async throws {
        try await drover.must(
            "vm", "create", name, "--image", "counter", "--memory", "64M", "--on", host,
            isActive ? "--paused" : "--no-start")
    }

    private func words(
        _ race: Race, _ name: String, from source: String, to destination: String, _ isActive: Bool
    ) -> ([String], [String]) {
        let create = ["vm", "create", name, "--image", "counter", "--memory", "64M"]
        let state = [isActive ? "--paused" : "--no-start"]
        let migrate = ["vm", "migrate", name, "--to", destination]
        let delete = ["vm", "delete", name, "--force", "--yes"]
        return switch race {
        // On two hosts: libvirt itself would let both.
        case .bothCreate: (create + state + ["--on", source], create + state + ["--on", destination])
        case .bothMigrate: (migrate, migrate)
        case .bothDelete: (delete, delete)
        case .migrateAndDelete: (migrate, delete)
        case .createAndDelete: (create + state + ["--on", source], delete)
        case .migrateAndStart: (migrate, ["vm", "start", name])
        }
    }

    private func later(_ delay: Double, _ drover: Drover, _ words: [String]) async throws -> Ended {
        try await Task.sleep(for: .seconds(delay))
        return try await drover.run(words)
    }

    private func check(
        _ race: Race, _ name: String, _ ends: [Ended], _ fleet: LabFleet, _ other: Drover, _ context: Comment
    ) async throws {
        let winners = ends.count { $0.code == 0 }
        #expect(ends.allSatisfy { [0, 1, 11].contains($0.code) }, context)
        if race.hasOneWinner { #expect(winners == 1, context) } else { #expect(winners >= 1, context) }
        let guest = Guest(fleet: fleet, name: name)
        let copies = try await guest.copies()
        let deleted = [.bothDelete, .migrateAndDelete, .createAndDelete].contains(race) && ends[1].code == 0
        #expect(copies.count == (deleted || race == .bothDelete ? 0 : 1), "\(copies) \(context)")
        for host in fleet.hosts {
            let files = try await guest.files(on: host).filter { !$0.contains(".moved-") }
            #expect(files.isEmpty == (copies[host] == nil), "\(host): \(files) \(context)")
            let locks = try await fleet.told(host, "find /run/drover/locks -mindepth 1 2>/dev/null; true")
            #expect(locks.isEmpty, "\(host): \(locks) \(context)")
        }
        for drover in [fleet.drover, other] {
            let open = try await drover.json("op", "list").list.filter { $0["closed"].bool != true }
            #expect(open.isEmpty, context)
        }
    }
}
