import Foundation
import Hypervisor
import Inventory
import Synchronization
import Testing
import Values

@testable import Fleet

/// Operations on VMs that are refused, cut off or overtaken, on libvirt's own test driver.
@Suite struct MachineLifeTests {
    /// The host `node` is the test driver's; no other answers.
    private struct Driver: HypervisorDriver {
        func connect(to host: FleetHost) async throws(HostProblem) -> HypervisorConnection {
            guard host.name == "node" else {
                throw HostProblem(.unreachable, .error("connection refused", host: host.name))
            }
            do throws(HypervisorError) {
                return try await HypervisorConnection.open(uri: "test:///default")
            } catch {
                throw HostProblem(error, host: host.name)
            }
        }
    }

    private struct Scene {
        let name: String
        let context: FleetContext
        let connection: HypervisorConnection
        let driver = Driver()

        var journal: Journal { Journal(context.directory) }
        var node: FleetHost { get throws { try context.host(named: "node") } }

        /// Makes a volume of the VM's own.
        func make(_ part: String) async throws {
            _ = try await connection.createVolume(
                VolumeSpec(name: "\(name)_\(part).qcow2", capacity: 1 << 20), in: name)
        }

        func define(_ uuid: String, _ parts: [String]) async throws {
            let disks = zip(parts, "abcdef").map { part, letter in
                """
                <disk type='file' device='disk'><driver name='qemu' type='qcow2'/>
                <source file='\(context.directory.root)/\(name)_\(part).qcow2'/>
                <target dev='vd\(letter)' bus='virtio'/></disk>
                """
            }
            _ = try await connection.define(
                xml: """
                    <domain type='test'><name>\(name)</name><uuid>\(uuid)</uuid><memory unit='MiB'>64</memory>
                    <os><type>hvm</type></os><devices>\(disks.joined())</devices></domain>
                    """)
        }

        func volumes() async throws -> [String] {
            try await connection.volumes(in: name).map { String($0.name.dropFirst(name.count + 1)) }.sorted()
        }

        func fields(_ uuid: String) -> Mapping {
            Mapping([("vm", Value(name)), ("uuid", Value(uuid)), ("host", "node")])
        }

        func recover(_ log: OperationLog) async throws -> OperationRecovery.Outcome {
            await OperationRecovery(context, driver: driver).recover(try journal.known(log.id))
        }

        /// The last steps of all operations, oldest first.
        var ends: [String] { journal.operations().map(\.lastStep) }
    }

    /// A VM that is off, with two disks in a pool of its own; all of the VM's name.
    private func with(
        _ name: String, others: [String] = [], poolType: String = "dir", _ body: (Scene, String) async throws -> Void
    ) async throws {
        try await ScratchFleet.with { fleet in
            let hosts = others.map { ", \($0): {roles: [hypervisor]}" }.joined()
            try fleet.write(
                "hosts: {node: {connection: local, uri: \"test:///default\"}\(hosts)}\n", to: "inventory/hosts.yaml")
            let connection = try await HypervisorConnection.open(uri: "test:///default")
            let scene = Scene(name: name, context: try fleet.context(), connection: connection)
            let source = poolType == "dir" ? "" : "<source><host name='nas'/><dir path='/srv'/></source>"
            try await connection.definePool(
                xml: """
                    <pool type='\(poolType)'><name>\(name)</name>\(source)
                    <target><path>\(scene.context.directory.root)</path></target></pool>
                    """)
            try await connection.startPool(name)
            let uuid = RandomUUID.make()
            for part in ["system", "data"] { try await scene.make(part) }
            try await scene.define(uuid, ["system", "data"])
            let outcome: Result<Void, any Error>
            do {
                outcome = .success(try await body(scene, uuid))
            } catch {
                outcome = .failure(error)
            }
            if try await connection.domain(.uuid(uuid)) != nil { try await connection.undefine(.uuid(uuid)) }
            try await connection.stopPool(name)
            try await connection.undefinePool(name)
            await connection.close()
            try outcome.get()
        }
    }

    private func problem(_ body: () async throws -> Void) async throws -> Diagnostic {
        do {
            try await body()
        } catch {
            return HostProblem(error).diagnostic
        }
        throw Diagnostics(.error("it was not refused"))
    }

    /// The test driver cannot resize volumes, and says so.
    @Test func aResizeThatIsRefusedDoesNotLockTheMachine() async throws {
        try await with("life-resize") { scene, _ in
            let resizing = MachineResizing(scene.context, driver: scene.driver)
            var request = ResizeRequest()
            request.disks = [.init(name: "data", size: ByteSize(mebibytes: 8))]
            for _ in 0..<2 {
                let refused = try await problem { _ = try await resizing.resize(scene.name, request) }
                #expect(!refused.summary.contains("not settled"), "\(refused)")
            }
            #expect(scene.ends == ["undone", "undone"])
            request.cpus = 2
            let half = try await problem { _ = try await resizing.resize(scene.name, request) }
            #expect(half.hint?.hasPrefix("changed before that: cpus") == true, "\(half)")
            #expect(scene.ends.last == "finished")
        }
    }

    @Test(arguments: ["data", "gone"]) func whatCannotBeFinishedIsToldAndClosed(_ disk: String) async throws {
        try await with("life-settle-\(disk)") { scene, uuid in
            var request = ResizeRequest()
            request.disks = [.init(name: disk, size: ByteSize(mebibytes: 8))]
            let log = try scene.journal.begin("resize", scene.fields(uuid).merged(with: request.fields))
            let outcome = try await scene.recover(log)
            #expect(outcome.result == "undone" && outcome.problem == nil, "\(outcome)")
            #expect(outcome.warnings.map(\.summary) == ["\"\(scene.name)\" was not resized as it was to be"])
            try scene.journal.refuseUnsettled(uuid)
        }
    }

    @Test func onlyWhatWasShownIsDeleted() async throws {
        try await with("life-delete") { scene, uuid in
            let deletion = MachineDeletion(scene.context, driver: scene.driver)
            let remains = try await deletion.remains(of: scene.name)
            #expect(remains.volumes.count == 2)
            try await scene.make("later")
            try await scene.define(uuid, ["system", "data", "later"])
            let refused = try await problem {
                _ = try await deletion.delete(remains.found, volumes: remains.volumes, force: false)
            }
            #expect(refused.summary == "\"\(scene.name)\" has changed meanwhile")
            #expect(try await scene.volumes().count == 3)
            let all = try await deletion.remains(of: scene.name)
            #expect(try await deletion.delete(all.found, volumes: all.volumes, force: false).isEmpty)
            #expect(try await scene.volumes().isEmpty)
            #expect(try await scene.connection.domain(.uuid(uuid)) == nil)
        }
    }

    /// The test driver plugs nothing out.
    @Test func aDiskThatStaysKeepsItsVolume() async throws {
        try await with("life-remove") { scene, _ in
            var request = ChangeRequest()
            request.removedDisks = ["data"]
            request.deletesVolumes = true
            _ = try await problem {
                _ = try await MachineChanging(scene.context, driver: scene.driver).change(scene.name, request)
            }
            #expect(try await scene.volumes() == ["data.qcow2", "system.qcow2"])
            // Written down before the disk is touched.
            let steps = try #require(scene.journal.operations().first?.steps.compactMap { $0["step"]?.string })
            #expect(steps.starts(with: ["begin", "deleting"]) && steps.last == "undone", "\(steps)")
        }
    }

    @Test func recoveryDeletesWhatWasBeingDeletedUnlessItIsUsed() async throws {
        try await with("life-change") { scene, uuid in
            try await scene.make("unplugged")
            try await scene.make("let-be")
            let log = try scene.journal.begin("change", scene.fields(uuid))
            func note(_ step: String, _ part: String) throws {
                try log.record(
                    step, Mapping([("volume", Value("\(scene.name)_\(part).qcow2")), ("pool", Value(scene.name))]))
            }
            try note("making", "system")
            try note("deleting", "data")
            try note("deleting", "unplugged")
            try note("deleting", "let-be")
            try note("leaving", "let-be")
            let outcome = try await scene.recover(log)
            #expect(outcome.problem == nil, "\(outcome)")
            #expect(try await scene.volumes() == ["data.qcow2", "let-be.qcow2", "system.qcow2"])
            // A disk that was made and is the VM's is no leftover; one that was to go and did not is told.
            #expect(outcome.warnings.count == 1 && outcome.warnings[0].summary.contains("_data.qcow2"), "\(outcome)")
        }
    }

    /// A host that cannot be asked may have a VM on it.
    @Test func recoveryLeavesWhatSharedStorageHasForOthers() async throws {
        try await with("life-shared", others: ["silent"], poolType: "netfs") { scene, uuid in
            try await scene.make("new")
            let log = try scene.journal.begin("change", scene.fields(uuid))
            try log.record(
                "making", Mapping([("volume", Value("\(scene.name)_new.qcow2")), ("pool", Value(scene.name))]))
            let outcome = try await scene.recover(log)
            #expect(try await scene.volumes().contains("new.qcow2"))
            #expect(outcome.warnings.first?.summary.contains("whether silent uses the pool") == true, "\(outcome)")
            #expect(scene.ends == ["finished"])
        }
    }

    @Test func aMachineThatAnotherProcessHasIsLocked() async throws {
        try await with("life-locked") { scene, _ in
            let lock = try OperationLock(scene.context.directory, machine: scene.name)
            defer { withExtendedLifetime(lock) {} }
            let outcomes = try await MachinePower(scene.context, driver: scene.driver)
                .act(.start(discardingSaved: false), on: [scene.name])
            #expect(outcomes.count == 1 && outcomes[0].error is OperationLocked, "\(outcomes)")
        }
    }

    @Test func aSilentHostIsInTheWayOnlyIfItMayHaveTheMachine() async throws {
        try await with("life-silent", others: ["silent"]) { scene, uuid in
            let census = MachineCensus(scene.context, driver: scene.driver)
            func remember(_ names: [String]) throws {
                let machines = names.map {
                    DomainSummary(name: $0, uuid: $0, state: DomainState(activity: .running), cpus: 1, memoryMiB: 64)
                }
                MachineMemory(scene.context.directory).remember([
                    MachineCensus.Answer(host: try scene.context.host(named: "silent"), machines: .success(machines))
                ])
            }
            let unknown = try await problem { _ = try await census.findSurely(scene.name, assumedAbsent: []) }
            #expect(unknown.detail?.contains("it has never answered") == true, "\(unknown)")
            #expect(unknown.hint?.contains("--assume-absent silent") == true)
            try remember(["other"])
            #expect(try await census.findSurely(scene.name).machine.uuid == uuid)
            let changes = try await MachineChanging(scene.context, driver: scene.driver).change(
                scene.name, ChangeRequest(autostart: true))
            #expect(changes.map(\.subject) == ["autostart"])
            try remember([scene.name])
            let doubtful = try await problem { _ = try await census.findSurely(uuid) }
            #expect(doubtful.detail?.contains("when it last answered") == true, "\(doubtful)")
            #expect(doubtful.hint?.contains("--assume-absent") == false, "nobody can say so here")
            #expect(try await census.findSurely(uuid, assumedAbsent: ["silent"]).host.name == "node")
            // One that no host which answers has is out of reach, not missing.
            try remember(["lost"])
            let lost = await #expect(throws: HostProblem.self) { _ = try await census.findSurely("lost") }
            #expect(lost?.kind == .unreachable)
        }
    }

    @Test(arguments: [true, false]) func undoingGoesOnOverANewConnection(_ isThere: Bool) async throws {
        try await with("life-undo-\(isThere)", others: ["silent"]) { scene, uuid in
            let host = isThere ? try scene.node : try scene.context.host(named: "silent")
            let log = try scene.journal.begin("create", scene.fields(uuid))
            let lost = try await scene.driver.connect(to: try scene.node)
            await lost.close()
            let tries = Mutex(0)
            let told = await Undoing(driver: scene.driver, host: host, log: log).after(
                HostProblem(.failed, .error("no space")), over: lost
            ) { connection in
                tries.withLock { $0 += 1 }
                _ = try await connection.domain(.uuid(uuid))
                try log.record("undone")
            }
            #expect(tries.withLock { $0 } == (isThere ? 2 : 1))
            #expect(scene.ends == [isThere ? "undone" : "begin"])
            if isThere {
                #expect((told as? HostProblem)?.diagnostic.summary == "no space")
            } else {
                let unsettled = try #require(told as? OperationUnsettled)
                #expect(unsettled.diagnostic.summary == "no space")
                #expect(unsettled.diagnostic.hint?.contains("drover op recover \(log.id)") == true)
            }
        }
    }
}

extension ChangeRequest {
    fileprivate init(autostart: Bool) {
        self.init()
        self.autostart = autostart
    }
}
