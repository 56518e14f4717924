import Hypervisor
import Inventory
import Testing
import Values

@testable import Fleet

/// Pools, networks and volumes on libvirt's own test driver, whose one node all connections of a process share.
@Suite struct StoreConvergenceTests {
    private static let uri = "test:///default"

    private func onNode(
        _ body: (FleetContext, FleetHost, any HypervisorDriver, HypervisorConnection) async throws -> Void
    ) async throws {
        try await ScratchFleet.with { fleet in
            try fleet.write("hosts: {node: {connection: local, uri: \"\(Self.uri)\"}}\n", to: "inventory/hosts.yaml")
            let context = try fleet.context()
            let connection = try await HypervisorConnection.open(uri: Self.uri)
            let driver = TLSHypervisorDriver(pkiDirectory: "", timeout: .seconds(10))
            do {
                try await body(context, try context.host(named: "node"), driver, connection)
                await connection.close()
            } catch {
                await connection.close()
                throw error
            }
        }
    }

    private func said(_ body: () async throws -> StoreOutcome) async -> String {
        do {
            return "\(try await body().changes.map(\.text))"
        } catch let problems as Diagnostics {
            return problems.all.map { $0.rendered(colored: false) }.joined()
        } catch {
            return "\(error)"
        }
    }

    @Test func aPoolIsMadeOnceAndChangedWhenTold() async throws {
        try await onNode { context, node, driver, connection in
            let pools = PoolConvergence(context, driver: driver)
            var wish = PoolWish(PoolSpec(name: "once", path: context.directory.root))
            let predicted = try await pools.converge(wish, on: node, check: true)
            #expect(try await connection.pool("once") == nil)
            let made = try await pools.converge(wish, on: node)
            #expect(made.changes == predicted.changes && made.changes.count == 3, "\(made.changes)")
            let there = try #require(try await connection.pool("once"))
            #expect(there.isActive && there.autostart)
            #expect(try await pools.converge(wish, on: node).isUnchanged)
            wish.spec.target = "/srv/elsewhere"
            let refused = await said { try await pools.converge(wish, on: node) }
            #expect(refused.contains("another pool \"once\"") && refused.contains("-> /srv/elsewhere"), "\(refused)")
            let changed = try await pools.converge(wish, on: node, differing: .change)
            #expect(changed.changes.map(\.property) == ["target"])
            let now = try #require(try await connection.pool("once"))
            #expect(now.uuid == there.uuid && now.path == "/srv/elsewhere" && now.isActive)
            wish.spec.kind = .fs
            wish.spec.source.devices = [.init(path: "/dev/sdz1")]
            let other = await said { try await pools.converge(wish, on: node, differing: .change) }
            #expect(other.contains("delete it first"), "\(other)")
            let gone = try await PoolDeletion(context, driver: driver).delete("once", on: node)
            #expect(!gone.isUnchanged)
            #expect(try await connection.pool("once") == nil)
            #expect(try await PoolDeletion(context, driver: driver).delete("once", on: node).isUnchanged)
        }
    }

    @Test func whatAMachineUsesStays() async throws {
        try await onNode { context, node, driver, connection in
            let folder = context.directory.root
            let wish = PoolWish(PoolSpec(name: "used", path: folder))
            _ = try await PoolConvergence(context, driver: driver).converge(wish, on: node)
            let volumes = VolumeConvergence(context, driver: driver)
            var base = VolumeWish(pool: "used", spec: VolumeSpec(name: "base", capacity: 1 << 20))
            #expect(try await volumes.converge(base, on: node).changes.count == 2)
            #expect(try await volumes.converge(base, on: node).isUnchanged)
            // The test driver makes no volume larger.
            base.spec.capacity = 2 << 20
            let growing = try await volumes.converge(base, on: node, check: true)
            #expect(growing.changes.map(\.text) == ["capacity: 1M -> 2M"])
            // None is made smaller; who asks for a size exactly is told.
            base.spec.capacity = 1 << 19
            let larger = try await volumes.converge(base, on: node)
            #expect(larger.isUnchanged && larger.consequences.first?.contains("as large as it is: 1M") == true)
            base.sizing = .exact
            #expect(await said { try await volumes.converge(base, on: node) }.contains("capacity: 1M -> 512K"))
            base.sizing = .any
            #expect(try await volumes.converge(base, on: node).isUnchanged)
            base.spec.mode = 0o604
            #expect(await said { try await volumes.converge(base, on: node) }.contains("permissions.mode"))
            var typed = VolumeWish(pool: "used", spec: VolumeSpec(name: "typed", capacity: 1 << 20))
            typed.type = "block"
            let wrong = await said { try await volumes.converge(typed, on: node) }
            #expect(wrong.contains("volumes of a dir pool are of type \"file\""), "\(wrong)")
            let network = NetworkWish(NetworkSpec(name: "used", bridge: "br0"))
            _ = try await NetworkConvergence(context, driver: driver).converge(network, on: node)
            _ = try await connection.define(
                xml: """
                    <domain type='test'><name>holder</name><memory unit='MiB'>64</memory><os><type>hvm</type></os><devices>
                    <disk type='file' device='disk'><source file='\(folder)/base'/><target dev='vda' bus='virtio'/></disk>
                    <interface type='network'><source network='used'/></interface></devices></domain>
                    """)
            let change = VolumeChange(context, driver: driver, pool: "used")
            let deletion = PoolDeletion(context, driver: driver)
            let power = NetworkPower(context, driver: driver)
            var moved = wish
            moved.spec.target = "/srv/elsewhere"
            let refusals = [
                await said { try await change.delete("base", wiping: false, on: node) },
                await said { try await deletion.delete("used", on: node) },
                await said { try await deletion.delete("used", on: node, content: true) },
                await said {
                    try await PoolConvergence(context, driver: driver).converge(moved, on: node, differing: .change)
                },
                await said { try await power.delete("used", on: node) },
            ]
            for words in refusals { #expect(words.contains("the VM \"holder\" (off) uses"), "\(words)") }
            try await connection.undefine("holder")
            let changes = try await deletion.delete("used", on: node, content: true).changes
            #expect(changes.map(\.text) == ["definition: dir pool removed", "base: a volume removed"])
            _ = try await power.delete("used", on: node)
            #expect(try await connection.network("used") == nil)
        }
    }

    @Test(arguments: FleetFixtures.cases("stores/updates.yaml"))
    func aRunningNetworkIsChanged(_ line: FixtureCase) async throws {
        let name = try #require(line["case"]?.string)
        try await onNode { context, node, driver, connection in
            let networks = NetworkConvergence(context, driver: driver)
            let before = try NetworkWish(name, arguments: try #require(line["from"]))
            let after = try NetworkWish(name, arguments: try #require(line["to"]))
            _ = try await networks.converge(before, on: node)
            let uuid = try #require(try await connection.network(name)).uuid
            let predicted = try await networks.converge(after, on: node, differing: .change, check: true)
            #expect(predicted.changes.map(\.property) == line["changes"]?.list?.compactMap(\.string))
            #expect(predicted.consequences.isEmpty == (line["live"]?.bool == true), "\(predicted.consequences)")
            #expect(!(try await networks.converge(before, on: node, differing: .change, check: true).changes.count > 0))
            let done = try await networks.converge(after, on: node, differing: .change)
            #expect(done.changes == predicted.changes)
            #expect(try await networks.converge(after, on: node).isUnchanged)
            let now = try #require(try await connection.network(name))
            #expect(now.uuid == uuid && now.isActive)
            _ = try await NetworkPower(context, driver: driver).delete(name, on: node)
        }
    }

    /// Interrupted behind the definition: `op recover` takes back what bears the operation's UUID, and nothing else.
    @Test(arguments: [true, false]) func anInterruptedCreationIsTakenBack(isOwn: Bool) async throws {
        try await onNode { context, node, driver, connection in
            let name = isOwn ? "half" : "foreign"
            let uuid = RandomUUID.make()
            let operation = StoreOperation(context: context, host: node, kind: .pool, name: name)
            let log = try Journal(context.directory).begin(
                "pool",
                Mapping([
                    ("act", "create"), ("host", "node"), ("name", Value(name)), ("lock", Value("pool-node-\(name)")),
                    ("uuid", Value(uuid)),
                ]))
            try log.record("defining")
            var spec = PoolSpec(name: name, path: "/srv/\(name)")
            spec.uuid = isOwn ? uuid : RandomUUID.make()
            try await connection.definePool(xml: try spec.xml())
            let open = await said {
                try await operation.locked { StoreOutcome("node", name, isPredicted: false) }
            }
            #expect(open.contains("is not settled"), "\(open)")
            let record = try #require(Journal(context.directory).operation(log.id))
            let outcome = await OperationRecovery(context, driver: driver).recover(record)
            #expect(outcome.result == "undone", "\(outcome.problem?.summary ?? "")")
            #expect(try await connection.pool(name) == nil ? isOwn : !isOwn)
            if !isOwn { try await connection.undefinePool(name) }
        }
    }
}
