import Hypervisor
import Inventory
import Testing
import Values

@testable import Fleet

/// Pools that VMs use, or that another has defined, on libvirt's own test driver.
@Suite struct UsedPoolTests {
    /// A pool of a file server, running, with a VM that has a disk in it.
    private func withUsedPool(
        _ name: String, kind: PoolSpec.Kind = .netfs,
        _ body: (FleetContext, FleetHost, any HypervisorDriver, HypervisorConnection, PoolWish) async throws -> Void
    ) async throws {
        try await ScratchFleet.with { fleet in
            try fleet.write(
                """
                hosts:
                  node: {connection: local, uri: "test:///default"}
                  away: {connection: local, uri: "test:///nowhere.xml"}
                """, to: "inventory/hosts.yaml")
            let context = try fleet.context()
            let connection = try await HypervisorConnection.open(uri: "test:///default")
            let driver = TLSHypervisorDriver(pkiDirectory: "", timeout: .seconds(10))
            let host = try context.host(named: "node")
            let path = "/srv/\(name)"
            var spec = PoolSpec(name: name, kind: kind, target: path)
            spec.permissions.mode = 0o700
            spec.source.servers = [.init(name: "nas")]
            spec.source.directory = "/export/\(name)"
            spec.source.name = kind == .logical ? name : nil
            let outcome: Result<Void, any Error>
            do {
                let wish = PoolWish(spec)
                _ = try await PoolConvergence(context, driver: driver).converge(wish, on: host)
                _ = try await connection.define(
                    xml: """
                        <domain type='test'><name>vm-\(name)</name><memory unit='MiB'>64</memory><os><type>hvm</type></os>
                        <devices><disk type='file' device='disk'><source file='\(path)/disk'/><target dev='vda'/></disk>
                        </devices></domain>
                        """)
                outcome = .success(try await body(context, host, driver, connection, wish))
            } catch {
                outcome = .failure(error)
            }
            try? await connection.undefine(.name("vm-\(name)"))
            if try await connection.pool(name)?.isActive == true { try await connection.stopPool(name) }
            if try await connection.pool(name) != nil { try await connection.undefinePool(name) }
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
        } catch let problem as HostProblem {
            return problem.diagnostic.rendered(colored: false)
        } catch {
            return "\(error)"
        }
    }

    private func mode(_ name: String, _ connection: HypervisorConnection) async throws -> UInt32? {
        try await connection.poolDocument(name).flatMap(PoolSpec.init(reading:))?.permissions.mode
    }

    /// What the driver shows of a pool that runs is how it runs: a new definition is seen when it was stopped for it.
    @Test func itIsNotStoppedForItsPermissions() async throws {
        try await withUsedPool("goes-on") { context, node, driver, connection, wish in
            let pools = PoolConvergence(context, driver: driver)
            var other = wish
            other.spec.permissions.mode = 0o711
            let changed = try await pools.converge(other, on: node, differing: .change)
            #expect(changed.changes.map(\.property) == ["permissions.mode"])
            #expect(changed.consequences.first?.contains("when it next starts") == true, "\(changed.consequences)")
            #expect(try await mode("goes-on", connection) == 0o700)
            try await connection.undefine("vm-goes-on")
            let free = try await pools.converge(other, on: node, differing: .change)
            #expect(free.consequences.isEmpty && free.changes.count == 1)
            #expect(try await mode("goes-on", connection) == 0o711)
            #expect(try await connection.pool("goes-on")?.isActive == true)
        }
    }

    /// Nor for taking back a change that was cut off.
    @Test func itIsNotStoppedByRecovery() async throws {
        try await withUsedPool("cut-off") { context, node, driver, connection, wish in
            let there = try #require(try await connection.pool("cut-off"))
            var old = wish.spec
            old.uuid = there.uuid
            old.permissions.mode = 0o755
            let log = try Journal(context.directory).begin(
                "pool",
                Mapping([
                    ("act", "update"), ("host", "node"), ("name", "cut-off"), ("lock", "pool-node-cut-off"),
                    ("uuid", Value(there.uuid)), ("old", Value(try old.xml())), ("was_active", true),
                    ("was_autostarted", true),
                ]))
            try log.record("defining")
            let record = try #require(Journal(context.directory).operation(log.id))
            let outcome = await OperationRecovery(context, driver: driver).recover(record)
            #expect(outcome.result == "undone", "\(outcome.problem?.summary ?? "")")
            #expect(try await mode("cut-off", connection) == 0o700)
        }
    }

    @Test func whatCannotBeTakenBackIsTold() async throws {
        try await withUsedPool("told") { context, node, _, connection, _ in
            let operation = StoreOperation(context: context, host: node, kind: .pool, name: "told")
            let words = await said {
                try await operation.journaled("update", [], over: connection) { _ in
                    throw Diagnostics(.error("the disk is on fire"))
                }
            }
            #expect(words.contains("the disk is on fire") && words.contains("could not be taken back"), "\(words)")
            let open = try #require(Journal(context.directory).operations().last)
            #expect(!open.isClosed && words.contains("drover op recover \(open.id)"), "\(words)")
        }
    }

    @Test func itIsNeverBuiltAgain() async throws {
        try await withUsedPool("built") { context, node, driver, connection, wish in
            try await connection.stopPool("built")
            var anew = wish
            anew.build = .overwriting
            for check in [true, false] {
                let words = await said {
                    _ = try await PoolConvergence(context, driver: driver).converge(anew, on: node, check: check)
                }
                #expect(words.contains("its devices are not prepared anew"), "\(words)")
            }
            #expect(try await connection.pool("built")?.isActive == false)
        }
    }

    /// The arguments are made of what is there while nobody else can change it.
    @Test func itsArgumentsAreReadUnderTheLock() async throws {
        try await withUsedPool("locked") { context, node, driver, connection, _ in
            let directory = context.directory
            let changed = try await PoolConvergence(context, driver: driver).change("locked", on: node) { base in
                #expect(throws: OperationLocked.self) {
                    try OperationLock(directory, "pool-node-locked", meaning: "it")
                }
                return base
            }
            #expect(changed.isUnchanged)
            var network = NetworkWish(NetworkSpec(name: "locked", bridge: "br0"))
            network.isRunning = false
            let networks = NetworkConvergence(context, driver: driver)
            _ = try await networks.converge(network, on: node)
            let kept = try await networks.change("locked", on: node) { base in
                #expect(throws: OperationLocked.self) {
                    try OperationLock(directory, "network-node-locked", meaning: "it")
                }
                return base
            }
            #expect(kept.isUnchanged)
            try await connection.undefineNetwork("locked")
        }
    }

    /// A volume group may lie on a device that other hosts see: they are asked before anything of it goes.
    @Test(arguments: [PoolSpec.Kind.logical, .disk, .mpath]) func volumesOnDevicesMayBeShared(
        _ kind: PoolSpec.Kind
    ) async throws {
        let name = "lun-\(kind.rawValue)"
        try await withUsedPool(name, kind: .logical) { context, node, driver, connection, _ in
            #expect(kind.isShared)
            _ = try await connection.createVolume(VolumeSpec(name: "data", capacity: 1 << 20), in: name)
            let words = await said {
                _ = try await VolumeChange(context, driver: driver, pool: name).delete("data", wiping: false, on: node)
            }
            #expect(words.contains("it cannot be known whether away uses the pool"), "\(words)")
            #expect(try await connection.volume("data", in: name) != nil)
            let gone = try await VolumeChange(context, driver: driver, pool: name)
                .delete("data", wiping: false, on: node, assumedAbsent: ["away"])
            #expect(!gone.isUnchanged)
        }
    }
}
