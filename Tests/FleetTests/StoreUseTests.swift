import Hypervisor
import Inventory
import Testing
import Values

@testable import Fleet

/// Who uses what, on libvirt's own test driver.
@Suite struct StoreUseTests {
    /// A pool `NAME` with `NAME-base`, `NAME-middle` on it and `NAME-top` on that.
    private func withChain(
        _ name: String,
        _ body: (FleetContext, FleetHost, any HypervisorDriver, HypervisorConnection, String) async throws -> Void
    ) async throws {
        try await ScratchFleet.with { fleet in
            try fleet.write(
                "hosts: {node: {connection: local, uri: \"test:///default\"}}\n", to: "inventory/hosts.yaml")
            let context = try fleet.context()
            let connection = try await HypervisorConnection.open(uri: "test:///default")
            let driver = TLSHypervisorDriver(pkiDirectory: "", timeout: .seconds(10))
            let folder = context.directory.root
            let spec = PoolSpec(name: name, path: folder)
            try await connection.definePool(xml: try spec.xml())
            try await connection.startPool(name)
            var below: String?
            for part in ["base", "middle", "top"] {
                var volume = VolumeSpec(name: "\(name)-\(part)", capacity: 1 << 20)
                volume.backing = below.map { VolumeSpec.Backing(path: "\(folder)/\($0)", format: "qcow2") }
                _ = try await connection.createVolume(volume, in: name)
                below = volume.name
            }
            let outcome: Result<Void, any Error>
            do {
                outcome = .success(try await body(context, try context.host(named: "node"), driver, connection, folder))
            } catch {
                outcome = .failure(error)
            }
            try await connection.stopPool(name)
            try await connection.undefinePool(name)
            await connection.close()
            try outcome.get()
        }
    }

    private func said(_ body: () async throws -> Void) async -> String {
        do {
            try await body()
            return "done"
        } catch let problems as Diagnostics {
            return problems.all.map { $0.rendered(colored: false) }.joined()
        } catch {
            return "\(error)"
        }
    }

    /// A VM's device, and what it uses of a chain of three.
    @Test(arguments: FleetFixtures.cases("stores/users.yaml"))
    func aUserIsFoundHoweverItNamesItsDisk(_ line: FixtureCase) async throws {
        let name = "use-\(try #require(line["case"]?.string))"
        try await withChain(name) { context, node, driver, connection, folder in
            let device = try #require(line["device"]?.string).replacing("FOLDER", with: folder)
                .replacing("NAME", with: name)
            _ = try await connection.define(
                xml: """
                    <domain type='test'><name>vm-\(name)</name><memory unit='MiB'>64</memory><os><type>hvm</type></os>
                    <devices>\(device)</devices></domain>
                    """)
            let vm = try #require(try await connection.domain(.name("vm-\(name)")))
            let use = try await StoreUse.read(connection, refreshing: true)
            var found: [String: [String]] = [:]
            for part in ["base", "middle", "top"] {
                let users = use.users(of: ["\(folder)/\(name)-\(part)"])
                found[part] = users.map { $0.name.replacing(name, with: "NAME") }
            }
            let wanted = line["users"]?.map
            for part in ["base", "middle", "top"] {
                #expect(found[part] == wanted?[part]?.list?.compactMap(\.string), "\(part): \(found)")
            }
            // All that goes at once does not keep itself, and neither does the VM that it goes with.
            let all = use.volumes.filter { $0.pool == name }.map(\.path)
            #expect(use.users(of: all).map(\.name).allSatisfy { $0 == "vm-\(name)" })
            let others = try await StoreUse.read(connection, refreshing: false, besides: vm.uuid)
            #expect(others.users(of: all).isEmpty)
            try await connection.undefine(.uuid(vm.uuid))
        }
    }

    @Test func onlyWhatNobodyUsesIsRemoved() async throws {
        try await withChain("removal") { context, node, driver, connection, folder in
            let removal = VolumeRemoval(context, driver: driver, on: node)
            let words = await said {
                try await removal.refuseUsed(["\(folder)/removal-base"], to: "delete it", over: connection)
            }
            #expect(words.contains("cannot delete it") && words.contains("\"removal-top\" stands on"), "\(words)")
            let kept = try await removal.remove(["\(folder)/removal-middle"], over: connection)
            #expect(kept.count == 1 && kept[0].severity == .warning, "\(kept)")
            #expect(try await connection.volumes(in: "removal").count == 3)
            // The base as a layer goes once the last above it has gone, in whatever order they are named.
            let paths = ["middle", "top"].map { "\(folder)/removal-\($0)" }
            let none = try await removal.remove(paths, layers: ["\(folder)/removal-base"], over: connection)
            #expect(none.isEmpty, "\(none)")
            #expect(try await connection.volumes(in: "removal").isEmpty)
        }
    }

    /// A pool that does not say what is in it, and what that means to a path.
    @Test(arguments: FleetFixtures.cases("stores/unread.yaml"))
    func aPoolThatCannotBeReadCountsWhereItMatters(_ line: FixtureCase) async throws {
        let name = "unread-\(try #require(line["case"]?.string))"
        try await withChain(name) { _, _, _, connection, _ in
            if let device = line["device"]?.string {
                _ = try await connection.define(
                    xml: """
                        <domain type='test'><name>vm-\(name)</name><memory unit='MiB'>64</memory>
                        <os><type>hvm</type></os><devices>\(device)</devices></domain>
                        """)
                if line["running"]?.bool == true { try await connection.start(.name("vm-\(name)")) }
            }
            let pool = PoolInfo(name: "nas", type: try #require(line["type"]?.string), path: "/srv/nas")
            let problem = HypervisorError(code: .systemError, message: "stale handle", operation: "read it")
            let machines = try await connection.storeReferences().filter { $0.domain == "vm-\(name)" }
            let use = StoreUse([pool], [], machines, [:], unread: [.init(pool: pool, problem: problem)])
            let path = try #require(line["path"]?.string)
            let users = use.users(of: [path])
            #expect(users.isEmpty == (line["matters"]?.bool == false), "\(users.map(\.text))")
            #expect(users.allSatisfy { $0.text.contains("\"nas\"") && $0.text.contains("stale handle") })
            let isRead = (try? use.requireRead(for: [path])) != nil
            #expect(isRead == users.isEmpty)
            // To a pool itself it always does.
            #expect(use.users(ofPool: pool).contains { $0.name == "nas" })
            if line["device"] != nil {
                if line["running"]?.bool == true { try await connection.destroy(.name("vm-\(name)")) }
                try await connection.undefine(.name("vm-\(name)"))
            }
        }
    }

    /// Whatever libvirt waits for there, such as a file server that is away.
    @Test(.timeLimit(.minutes(1))) func aQuestionThatHangsEnds() async throws {
        let connection = try await HypervisorConnection.open(uri: "test:///default", timeout: .seconds(1))
        let error = await #expect(throws: HypervisorError.self) {
            try await connection.answered("read pool \"nas\"") { () async throws(HypervisorError) -> Int in
                await withUnsafeContinuation { (_: UnsafeContinuation<Void, Never>) in }
                return 1
            }
        }
        #expect(error?.code == .timedOut && error?.description.contains("read pool \"nas\"") == true)
        await connection.close()
    }

    @Test func whatOthersStandOnKeepsItsSize() async throws {
        try await withChain("sizes") { context, node, driver, connection, _ in
            let change = VolumeChange(context, driver: driver, pool: "sizes")
            _ = try await connection.createVolume(
                VolumeSpec(name: "drover-layer-1.qcow2", capacity: 1 << 20), in: "sizes")
            for (name, wanted) in [("sizes-base", "stands on"), ("drover-layer-1.qcow2", "VMs are made from")] {
                let words = await said {
                    _ = try await change.resize(name, to: 2 << 20, shrinking: false, on: node)
                }
                #expect(words.contains("cannot resize") && words.contains(wanted), "\(words)")
            }
            // The test driver cannot resize, but this one it was asked for.
            let words = await said {
                _ = try await change.resize("sizes-top", to: 2 << 20, shrinking: false, on: node)
            }
            #expect(words.contains("not supported"), "\(words)")
            let record = try #require(Journal(context.directory).operations().last)
            #expect(record["act"]?.string == "resize" && record.isClosed)
        }
    }

    @Test func onlyTheVolumesThatWereAgreedToGo() async throws {
        try await withChain("agreed") { context, node, driver, connection, _ in
            let deletion = PoolDeletion(context, driver: driver)
            let plan = try #require(try await deletion.plan("agreed", on: node, content: true))
            _ = try await connection.createVolume(VolumeSpec(name: "late", capacity: 1 << 20), in: "agreed")
            let words = await said {
                _ = try await deletion.delete("agreed", on: node, content: true, agreed: plan.volumes)
            }
            #expect(words.contains("more in the pool") && words.contains("late"), "\(words)")
            #expect(try await connection.volumes(in: "agreed").count == 4)
        }
    }

    @Test func aVolumeThatAnotherMadeFirstStays() async throws {
        try await withChain("taken") { context, node, _, connection, _ in
            let operation = StoreOperation(context: context, host: node, kind: .volume, name: "taken/taken-top")
            let spec = VolumeSpec(name: "taken-top", capacity: 1 << 20)
            let words = await said {
                try await operation.journaled(
                    "create", [("pool", "taken"), ("volume", "taken-top")], over: connection
                ) { log in
                    try await operation.making(spec, log) {
                        // As libvirt's own storage driver says it; the test driver has another word.
                        throw HypervisorError(code: .volumeExists, message: "exists", operation: "make", host: "node")
                    }
                }
            }
            #expect(words.contains("exist"), "\(words)")
            #expect(try await connection.volume("taken-top", in: "taken") != nil)
            let record = try #require(Journal(context.directory).operations().last)
            #expect(record.isClosed)
        }
    }

    @Test func whatIsNotSaidOfAVolumeIsAsItIs() async throws {
        try await withChain("unsaid") { context, node, driver, _, _ in
            let wish = try VolumeWish("unsaid-top", arguments: ["pool": "unsaid", "size": 1])
            let volumes = VolumeConvergence(context, driver: driver)
            #expect(try await volumes.converge(wish, on: node).isUnchanged)
            let other = try VolumeWish("unsaid-top", arguments: ["pool": "unsaid", "size": 1, "format": "raw"])
            let words = await said { _ = try await volumes.converge(other, on: node) }
            #expect(words.contains("format: qcow2 -> raw"), "\(words)")
        }
    }
}
