import Foundation
import Glibc
import Inventory
import Testing
import Values

@testable import Fleet

/// Locks that controllers meet on a host: the program itself under every shell that hosts have, over real files.
@Suite struct HostLockTests {
    /// A host's folders and clock, and controllers that reach it.
    private struct Scene {
        let root: String
        let places: LockPlaces
        let connector: ShellConnector
        let host: FleetHost

        init(_ fleet: ScratchFleet, _ shell: String) throws {
            root = fleet.root
            var places = LockPlaces(locks: root + "/it's locks", records: root + "/records")
            places.clock = root + "/clock"
            places.bootID = root + "/boot"
            self.places = places
            connector = ShellConnector(shell: shell)
            try fleet.write("hosts: {here: {connection: local, roles: [hypervisor]}}\n", to: "inventory/hosts.yaml")
            host = try #require(try fleet.directory.loadInventory().hosts.first)
            try set(clock: 1000)
            try set(boot: "first-boot")
        }

        func set(clock: Int) throws {
            try "\(clock).25 4711.00\n".write(toFile: places.clock, atomically: true, encoding: .utf8)
        }
        func set(boot: String) throws {
            try "\(boot)\n".write(toFile: places.bootID, atomically: true, encoding: .utf8)
        }

        /// Another controller.
        func post() -> LockPost { LockPost(host, connector: connector, places: places, patience: .seconds(30)) }

        var entries: [String] { (try? FileManager.default.subpathsOfDirectory(atPath: places.locks)) ?? [] }

        /// What a lock looks like that somebody has.
        func leave(_ subject: String, _ entry: String, _ words: String) throws {
            let folder = places.locks + "/" + subject
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            try (words + "\n").write(toFile: folder + "/" + entry, atomically: true, encoding: .utf8)
        }
    }

    private static let shells = ["/bin/dash", "/bin/bash --posix", "/bin/busybox ash"]

    private func with(_ shell: String, _ body: (Scene) async throws -> Void) async throws {
        try await ScratchFleet.with { try await body(Scene($0, shell)) }
    }

    @Test(arguments: shells) func oneHolderAtATime(shell: String) async throws {
        try await with(shell) { scene in
            let (first, second) = (scene.post(), scene.post())
            let (mine, other, third) = (HostLock("vm-web1"), HostLock("vm-web1"), HostLock("vm-web2"))
            #expect(try await first.take(mine, for: "migrate") == .taken(unsettled: []))
            try scene.set(clock: 1007)
            guard case .held(let holder) = try await second.take(other, for: "delete") else {
                Issue.record("two hold it")
                return
            }
            #expect(holder.operation == "migrate")
            #expect(holder.age == 7)
            #expect(holder.process == getpid())
            #expect(holder.who == ControllerProcess.here.who)
            #expect(try await second.take(third, for: "delete") == .taken(unsettled: []))
            #expect(await first.isHeld(mine))
            await first.drop(mine)
            #expect(await !first.isHeld(mine))
            #expect(try await second.take(other, for: "delete") == .taken(unsettled: []))
            await second.drop(other)
            await second.drop(third)
            #expect(scene.entries.isEmpty)
        }
    }

    @Test(arguments: shells) func anExpiredLockIsAnybodys(shell: String) async throws {
        try await with(shell) { scene in
            let (first, second) = (scene.post(), scene.post())
            let (mine, other) = (HostLock("vm-web1"), HostLock("vm-web1"))
            #expect(try await first.take(mine, for: "create") == .taken(unsettled: []))
            try scene.set(clock: 1060)
            if case .taken = try await second.take(other, for: "create") { Issue.record("it had not expired") }
            try scene.set(clock: 1061)
            #expect(try await second.take(other, for: "create") == .taken(unsettled: []))
            #expect(try await first.ask("renew", mine) == .lost)
            // Who lost it does not let go of another's.
            await first.drop(mine)
            if case .taken = try await first.take(mine, for: "create") { Issue.record("two hold it") }
        }
    }

    @Test(arguments: shells) func aRenewedLockStays(shell: String) async throws {
        try await with(shell) { scene in
            let (first, second) = (scene.post(), scene.post())
            let mine = HostLock("vm-web1")
            #expect(try await first.take(mine, for: "create") == .taken(unsettled: []))
            try scene.set(clock: 1050)
            #expect(try await first.ask("renew", mine) == .renewed)
            #expect(try await first.ask("renew", mine) == .renewed)
            try scene.set(clock: 1100)
            if case .taken = try await second.take(HostLock("vm-web1"), for: "create") { Issue.record("two hold it") }
        }
    }

    @Test(arguments: shells) func aLockOfAnotherBootIsNobodys(shell: String) async throws {
        try await with(shell) { scene in
            #expect(try await scene.post().take(HostLock("vm-web1"), for: "create") == .taken(unsettled: []))
            try scene.set(boot: "second-boot")
            try scene.set(clock: 20)
            #expect(try await scene.post().take(HostLock("vm-web1"), for: "create") == .taken(unsettled: []))
            #expect(scene.entries.filter { $0.contains("/") }.count == 1)
        }
    }

    /// The process that held it is dead, and this machine knows.
    @Test(arguments: shells) func aDeadProcessOfThisMachineHoldsNothing(shell: String) async throws {
        try await with(shell) { scene in
            let dead = try await Self.deadProcess()
            let here = ControllerProcess.here
            try scene.leave("vm-web1", "first-boot.1060.abc", "\(here.id) \(dead) 1000 create \(here.who)")
            try scene.leave("vm-web2", "first-boot.1060.abc", "elsewhere/1 \(dead) 1000 create somebody@elsewhere")
            try scene.leave("vm-web3", "first-boot.1060.abc", "\(here.id) \(getpid()) 1000 create \(here.who)")
            let post = scene.post()
            #expect(try await post.take(HostLock("vm-web1"), for: "create") == .taken(unsettled: []))
            for name in ["vm-web2", "vm-web3"] {
                if case .taken = try await post.take(HostLock(name), for: "create") { Issue.record("\(name) was held") }
            }
        }
    }

    /// A maker that was killed between its two steps, and what no version has written.
    @Test(arguments: shells) func whatMeansNothingIsNobodys(shell: String) async throws {
        try await with(shell) { scene in
            try FileManager.default.createDirectory(
                atPath: scene.places.locks + "/vm-web1", withIntermediateDirectories: true)
            try scene.leave("vm-web2", "garbage", "")
            try scene.leave("vm-web3", "first-boot.10.a", "")
            try scene.leave("vm-web3", "first-boot.11.b", "")
            let post = scene.post()
            for name in ["vm-web1", "vm-web2", "vm-web3"] {
                #expect(try await post.take(HostLock(name), for: "create") == .taken(unsettled: []), "\(name)")
            }
            #expect(scene.entries.filter { $0.contains("/") }.count == 3, "\(scene.entries)")
        }
    }

    @Test(arguments: shells) func ofTwoAtOnceOneWins(shell: String) async throws {
        try await with(shell) { scene in
            let posts = [scene.post(), scene.post()]
            for post in posts { await post.enter() }
            var wins = [0, 0]
            // As many as it takes, once; the other shells differ in their builtins only.
            let rounds = shell == Self.shells[0] ? 200 : 40
            for round in 0..<rounds {
                // Every other one is to be taken from somebody whose lock has expired.
                if round % 2 == 1 { try scene.leave("vm-\(round)", "first-boot.900.old", "x/1 1 800 create a@b") }
                let lock = [HostLock("vm-\(round)"), HostLock("vm-\(round)")]
                async let left = posts[0].take(lock[0], for: "create")
                async let right = posts[1].take(lock[1], for: "create")
                let answers = try await [left, right]
                let winners = answers.indices.filter { answers[$0] == .taken(unsettled: []) }
                #expect(winners.count == 1, "round \(round): \(answers)")
                for winner in winners {
                    wins[winner] += 1
                    #expect(try await posts[winner].ask("renew", lock[winner]) == .renewed)
                    await posts[winner].drop(lock[winner])
                }
            }
            #expect(wins[0] + wins[1] == rounds)
            #expect(scene.entries.isEmpty, "\(scene.entries)")
        }
    }

    /// What an operation left there stands against others of its subject, and of no other.
    @Test(arguments: shells) func unsettledOperationsAreTold(shell: String) async throws {
        try await with(shell) { scene in
            try FileManager.default.createDirectory(atPath: scene.places.records, withIntermediateDirectories: true)
            for name in ["20260101t120000000-abc@vm-web1.jsonl", "20260101t120000000-def@vm-web10.jsonl"] {
                try "{}".write(toFile: scene.places.records + "/" + name, atomically: true, encoding: .utf8)
            }
            let post = scene.post()
            #expect(
                try await post.take(HostLock("vm-web1"), for: "create")
                    == .taken(unsettled: ["20260101t120000000-abc"]))
            #expect(try await post.take(HostLock("vm-web"), for: "create") == .taken(unsettled: []))
        }
    }

    @Test func manyLocksAreTakenOverOneConnection() async throws {
        try await with("/bin/dash") { scene in
            let post = scene.post()
            let answers = await fanOut(Array(0..<50), limit: 50) { number in
                try? await post.take(HostLock("vm-\(number)"), for: "create")
            }
            #expect(answers.allSatisfy { $0 == .taken(unsettled: []) })
            #expect(scene.connector.count == 1)
        }
    }

    @Test func whereNothingCanBeWrittenNothingIsLocked() async throws {
        try await with("/bin/dash") { scene in
            var places = scene.places
            places.locks = "/proc/nowhere"
            let post = LockPost(scene.host, connector: scene.connector, places: places, patience: .seconds(30))
            await #expect(throws: HostProblem.self) { try await post.take(HostLock("vm-web1"), for: "create") }
        }
    }

    private static func deadProcess() async throws -> pid_t {
        var process = pid_t()
        var arguments: [UnsafeMutablePointer<CChar>?] = [strdup("true"), nil]
        defer { for argument in arguments { free(argument) } }
        try #require(posix_spawn(&process, "/bin/true", nil, nil, &arguments, environ) == 0)
        var status: Int32 = 0
        try #require(waitpid(process, &status, 0) == process)
        return process
    }
}

/// This machine, with another shell; counts its connections.
private final class ShellConnector: Connector {
    private let shell: String
    private let connections = Connections()

    init(shell: String) { self.shell = shell }

    var count: Int { connections.count }

    func connect(to host: FleetHost) async throws(HostProblem) -> any HostConnection {
        connections.add()
        return Connection(shell: shell, inner: try await LocalConnector().connect(to: host))
    }

    private struct Connection: HostConnection {
        let shell: String
        let inner: any HostConnection
        var peerAddress: String? { nil }

        func open(_ command: String) async throws(HostProblem) -> any HostChannel {
            try await inner.open(command.replacingOccurrences(of: "exec /bin/sh", with: "exec " + shell))
        }

        func close() async { await inner.close() }
    }

    private final class Connections: Sendable {
        private let number = NSLock()
        nonisolated(unsafe) private var made = 0
        var count: Int { number.withLock { made } }
        func add() { number.withLock { made += 1 } }
    }
}
