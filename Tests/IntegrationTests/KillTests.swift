import Foundation
import Glibc
import TestSupport
import Testing

extension OnALab {
    @Suite struct KillTests {
        @Test func nothingIsLeftWhateverTheMoment() async throws {
            try await Killing(rounds: 4).run()
        }
    }
}

/// `make test-kills`: as often as `DROVER_KILLS` says. `DROVER_SEED` repeats a run.
@Suite(
    .serialized, .enabled(if: Killing.asked != nil, "takes long; DROVER_KILLS=N asks for it"), .onOneLab,
    .timeLimit(.minutes(120)))
struct ManyKills {
    @Test func nothingIsLeftWhateverTheMoment() async throws {
        try await Killing(rounds: try #require(Killing.asked)).run()
    }
}

/// The controller's process killed at any moment of what it does to VMs.
private struct Killing {
    static let asked = ProcessInfo.processInfo.environment["DROVER_KILLS"].flatMap { Int($0) }

    let rounds: Int

    func run() async throws {
        let given = ProcessInfo.processInfo.environment["DROVER_SEED"].flatMap { UInt64($0) }
        let seed = given ?? UInt64.random(in: 1...999_999)
        print("killing \(rounds) times, DROVER_SEED=\(seed)")
        let fleet = try LabFleet.shared()
        try await fleet.withImage()
        var chance = Chance(seed: seed)
        let victims = Victims(fleet: fleet)
        try await victims.make()
        var counts: [String: Int] = [:]
        var lasting: [Blow: Double] = [:]
        var (killed, round) = (0, 0)
        // A round whose operation was over before it was hit does not count; such are soon rare.
        while killed < max(1, rounds), round < 3 * rounds {
            round += 1
            let blow = Blow.allCases.randomElement(using: &chance) ?? .create
            let delay = Double.random(in: 0...(lasting[blow] ?? blow.longest), using: &chance)
            let context: Comment = "round \(round) of seed \(seed): \(blow) killed after \(Int(delay * 1000)) ms"
            try await victims.prepare(blow, round)
            let watch = Watch(journal: victims.journal)
            let ended = try await fleet.drover.run(try await victims.words(blow, round, &chance)) { drover in
                try await watch.kill(drover, after: delay)
            }
            #expect(try await victims.startable() <= 1, context)
            let recovery = try await fleet.drover.run(["op", "recover", "--format", "json"])
            try #require(recovery.succeeded, "\(context) \(recovery.words)")
            let results = try Tree(recovery.output).list.compactMap { $0["result"].string }
            if ended.code == 128 + SIGKILL {
                killed += 1
            } else if let seconds = await watch.lasted {
                lasting[blow] = seconds
            }
            let end = ended.code == 128 + SIGKILL ? results.first ?? "nothing to settle" : "done before"
            counts["\(blow) \(end)", default: 0] += 1
            print("round \(round): \(blow) after \(Int(delay * 1000)) ms: \(end)")
            let open = try await fleet.drover.json("op", "list").list.filter { $0["closed"].bool != true }
            #expect(open.isEmpty, context)
            for host in fleet.hosts {
                let orphans = try await fleet.remains(on: host)
                try #require(orphans.isEmpty, "\(context), \(end); on \(host): \(orphans)")
            }
            #expect(Self.forgottenSecrets.isEmpty, context)
            try await victims.check(context)
            try await victims.tidy(round)
        }
        print("\(killed) of \(round) were killed")
        #expect(killed >= rounds)
        for (what, count) in counts.sorted(by: { $0.key < $1.key }) { print("\(count) x \(what)") }
        try await victims.remove()
    }

    /// What processes that are gone left of seeds and keys in this machine's memory.
    private static var forgottenSecrets: [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: "/dev/shm")) ?? []).filter { name in
            guard name.hasPrefix(".drover-private."), let owner = name.split(separator: ".").dropFirst().first else {
                return false
            }
            return pid_t(owner).map { kill($0, 0) != 0 } ?? true
        }
    }
}

/// What is begun and cut short.
private enum Blow: String, CaseIterable {
    case create, cloneFull, cloneLinked, cloneRunning, delete, resize, resizeRunning, rename
    case snapshot, snapshotRunning, revert, deleteSnapshot, addDisk, addDiskRunning, removeDisk
    case migrate, migrateWithSnapshot

    /// Seconds that it takes from its first line in the journal, before one that ended by itself has told.
    var longest: Double {
        switch self {
        case .create, .cloneFull, .cloneLinked, .cloneRunning, .migrate, .migrateWithSnapshot: 1
        case .snapshotRunning: 0.5
        default: 0.25
        }
    }
}

/// Waits for an operation's first line in the journal, and a while more, and then kills its process.
private actor Watch {
    private let journal: String
    private let known: Set<String>
    /// Seconds from that line to the process's own end, where it came first.
    private(set) var lasted: Double?

    init(journal: String) {
        self.journal = journal
        known = Self.records(journal)
    }

    func kill(_ process: pid_t, after delay: Double) async throws {
        let deadline = ContinuousClock.now + .seconds(20)
        // Before that it only asks, for longer than many an operation takes.
        while Self.records(journal) == known, ContinuousClock.now < deadline, !Self.isOver(process) {
            try await Task.sleep(for: .milliseconds(2))
        }
        let began = ContinuousClock.now
        while ContinuousClock.now < began + .seconds(delay) {
            guard !Self.isOver(process) else {
                let took = (ContinuousClock.now - began).components
                lasted = Double(took.seconds) + Double(took.attoseconds) / 1e18
                return
            }
            try await Task.sleep(for: .milliseconds(2))
        }
        Glibc.kill(process, SIGKILL)
    }

    private static func records(_ journal: String) -> Set<String> {
        // By name alone: records of closed operations move to a directory of their own.
        let files = (try? FileManager.default.subpathsOfDirectory(atPath: journal)) ?? []
        return Set(files.filter { $0.hasSuffix(".jsonl") }.map { ($0 as NSString).lastPathComponent })
    }

    /// Whether it has ended, and waits to be asked how.
    private static func isOver(_ process: pid_t) -> Bool {
        let status = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)
        return status?.contains(") Z ") ?? true
    }
}

/// A VM that is off, one that runs, and what comes and goes beside them; all on one host.
private struct Victims {
    let fleet: LabFleet
    private var drover: Drover { fleet.drover }
    private static let host = "hv2"
    private static let otherHost = "hv1"

    func make() async throws {
        for name in ["idle", "busy"] {
            try await drover.must("vm", "create", name, "--image", "counter", "--memory", "64M", "--on", Self.host)
        }
        try await drover.must("vm", "kill", "idle", "--yes")
    }

    func remove() async throws {
        for name in [try await idle(), "busy"] {
            try await drover.must("vm", "delete", name, "--force", "--yes")
        }
    }

    var journal: String { drover.fleet + "/.drover/journal" }

    /// The one that is off, whatever it is called by now.
    private func idle() async throws -> String {
        let names = try await drover.json("vm", "list").list.compactMap { $0["name"].string }
        return try #require(names.first { $0.hasPrefix("idle") }, "the VM that is off has vanished: \(names)")
    }

    func prepare(_ blow: Blow, _ round: Int) async throws {
        switch blow {
        case .delete: try await drover.must("vm", "clone", try await idle(), "killed\(round)", "--linked", "--start")
        case .revert, .deleteSnapshot, .migrateWithSnapshot:
            try await drover.must("vm", "snapshot", "create", try await idle(), "state")
        case .removeDisk: try await drover.must("vm", "set", try await idle(), "--add-disk", "name=more,size=8M")
        default: break
        }
    }

    func words(_ blow: Blow, _ round: Int, _ chance: inout Chance) async throws -> [String] {
        let new = "killed\(round)"
        let idle = try await idle()
        let start = Bool.random(using: &chance) ? ["--start"] : []
        switch blow {
        case .create: return ["vm", "create", new, "--image", "counter", "--memory", "64M", "--on", Self.host]
        case .cloneFull: return ["vm", "clone", idle, new] + start
        case .cloneLinked: return ["vm", "clone", idle, new, "--linked"] + start
        case .cloneRunning: return ["vm", "clone", "busy", new] + start
        case .delete: return ["vm", "delete", new, "--force", "--yes"]
        case .resize: return ["vm", "resize", idle] + Self.sizes(round)
        case .resizeRunning: return ["vm", "resize", "busy"] + Self.sizes(round)
        case .rename: return ["vm", "rename", idle, idle == "idle" ? "idle2" : "idle"]
        case .snapshot: return ["vm", "snapshot", "create", idle, "state"]
        case .snapshotRunning: return ["vm", "snapshot", "create", "busy", "state"]
        case .revert: return ["vm", "snapshot", "revert", idle, "state", "--yes"]
        case .deleteSnapshot: return ["vm", "snapshot", "delete", idle, "state", "--yes"]
        case .addDisk: return ["vm", "set", idle, "--add-disk", "name=more,size=8M"]
        case .addDiskRunning: return ["vm", "set", "busy", "--add-disk", "name=more,size=8M"]
        case .migrate, .migrateWithSnapshot:
            return ["vm", "migrate", idle, "--to", Self.otherHost, "--keep-source", "0"]
        case .removeDisk: return ["vm", "set", idle, "--remove-disk", "more", "--delete-volumes", "--yes"]
        }
    }

    private static func sizes(_ round: Int) -> [String] {
        ["--cpus", "\(1 + round % 3)", "--memory", "\(64 + round % 5)M", "--disk", "\(9000 + round)M"]
    }

    /// How many definitions of the VM that is off a user could start.
    func startable() async throws -> Int {
        var count = 0
        for host in fleet.hosts {
            let names = try await fleet.told(host, "virsh -q list --inactive --name")
            for name in names.split(separator: "\n") where name.hasPrefix("idle") {
                let text = try await fleet.told(host, "virsh dumpxml \(name)")
                if !text.contains("<kernel>/run/drover/moving/") { count += 1 }
            }
        }
        return count
    }

    /// Both are there still, as they were: one off, one running.
    func check(_ context: Comment) async throws {
        let list = try await drover.json("vm", "list").list
        let idle = list.first { $0["name"].string?.hasPrefix("idle") ?? false }
        let busy = list.first { $0["name"].string == "busy" }
        #expect(idle?["state"].string == "shut off", context)
        #expect(busy?["state"].string == "running", context)
        let names = list.compactMap { $0["name"].string }
        #expect(Set(names).count == names.count, context)
    }

    /// What came about in spite of it goes, so that the next round finds the same.
    func tidy(_ round: Int) async throws {
        let idle = try await idle()
        if try await drover.json("vm", "show", idle)["host"].string != Self.host {
            try await drover.must("vm", "migrate", idle, "--to", Self.host, "--keep-source", "0")
        }
        for name in [idle, "busy"] {
            for snapshot in try await drover.json("vm", "snapshot", "list", name).list {
                try await drover.must("vm", "snapshot", "delete", name, snapshot["name"].string ?? "", "--yes")
            }
            // A guest that is still starting does not let go of a disk: its VM begins anew.
            let disks = try await drover.json("vm", "show", name)["disks"].list.compactMap { $0["path"].string }
            guard disks.contains(where: { $0.hasSuffix("_more.qcow2") }) else { continue }
            if name == "busy" { try await drover.must("vm", "kill", name, "--yes") }
            try await drover.must("vm", "set", name, "--remove-disk", "more", "--delete-volumes", "--yes")
            if name == "busy" { try await drover.must("vm", "start", name) }
        }
        let left = try await drover.json("vm", "list").list.compactMap { $0["name"].string }
        if left.contains("killed\(round)") {
            try await drover.must("vm", "delete", "killed\(round)", "--force", "--yes")
        }
    }
}
