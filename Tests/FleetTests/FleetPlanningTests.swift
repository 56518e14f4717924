import Foundation
import Hypervisor
import Inventory
import Testing
import Values

@testable import Fleet

/// Plans by the whole way on this machine, against libvirt's own driver for tests: its node lives as long as a connection
/// is open.
@Suite(.serialized) struct FleetPlanningTests {
    private static func withFleet(
        _ vms: String, _ body: (FleetContext, TLSHypervisorDriver, HypervisorConnection) async throws -> Void
    ) async throws {
        let connection = try await HypervisorConnection.open(uri: "test:///default")
        do {
            try await ScratchFleet.with { fleet in
                try fleet.write(
                    "hosts:\n  here: {connection: local, uri: 'test:///default'}\n", to: "inventory/hosts.yaml")
                try fleet.write("vms: \(vms)\n", to: "inventory/vms.yaml")
                let driver = TLSHypervisorDriver(pkiDirectory: "", timeout: .seconds(10))
                try await body(try fleet.context(), driver, connection)
            }
        } catch {
            await connection.close()
            throw error
        }
        await connection.close()
    }

    /// `POOL` stands for one of the driver's own.
    private static let pool = "default-pool"

    /// Defines a VM that Drover did not make, on a volume that looks as if it had.
    private static func withTheirs(
        _ name: String, _ connection: HypervisorConnection, _ body: () async throws -> Void
    ) async throws {
        let volume = try await connection.createVolume(
            VolumeSpec(name: "\(name)_backup.qcow2", capacity: 1 << 20, format: "qcow2"), in: pool)
        try await connection.define(
            xml: """
                <domain type='test'><name>\(name)</name><memory unit='MiB'>64</memory><os><type>hvm</type></os><devices>
                <disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='\(volume.path)'/>
                <target dev='vda' bus='virtio'/></disk></devices></domain>
                """)
        func end() async {
            try? await connection.undefine(.name(name))
            try? await connection.removeVolume(volume.name, in: pool)
        }
        do {
            try await body()
        } catch {
            await end()
            throw error
        }
        await end()
    }

    @Test func whatAnAdoptedMachineHadIsNeverDeletedWithIt() async throws {
        try await Self.withFleet("{}") { context, driver, connection in
            try await Self.withTheirs("theirdb", connection) {
                let adopted = try await MachineAdoption(context, driver: driver).adopt("theirdb")
                #expect(adopted.isNew)
                #expect(adopted.entry["disks"]?.list?.first?["source"]?.string == "/\(Self.pool)/theirdb_backup.qcow2")
                let remains = try await MachineDeletion(context, driver: driver).remains(of: "theirdb")
                #expect(remains.volumes.isEmpty)
                let again = try await MachineAdoption(context, driver: driver).adopt("theirdb")
                #expect(!again.isNew && again.entry["disks"] == adopted.entry["disks"])
            }
        }
    }

    @Test func whatWouldFailIsPlannedAsRefused() async throws {
        let vms = """
            {theirdb2: {cpus: 1, memory: 64M, state: stopped, nics: [], disks: [{name: x, source: /default-pool/theirdb2_backup.qcow2}, {name: y, image: z}]}}
            """
        try await Self.withFleet(vms) { context, driver, connection in
            try await Self.withTheirs("theirdb2", connection) {
                _ = try await MachineAdoption(context, driver: driver).adopt("theirdb2")
                let plan = try await FleetPlanning(context, driver: driver).plan()
                let changed = plan.lines.first { $0.name == "theirdb2" }
                #expect(changed?.action == .refused, "\(changed?.text ?? "")")
                #expect(changed?.reason?.contains("made of an image only with its VM") == true)
            }
        }
    }

    /// What stops a creation before it makes anything, seen by a plan.
    @Test func aCreationIsForetoldAsItWouldEnd() async throws {
        try await Self.withFleet("{}") { context, driver, _ in
            let placement = MachinePlacement(context, driver: driver)
            let host = try #require(context.inventory.hosts.first)
            let answer = StockGathering.Answer(
                host: host, census: .init(host: host, machines: .success([])),
                stock: .success(HostStock(cpus: 4, memoryMiB: 4096)),
                pools: [
                    PoolInfo(name: "default", path: "/images"), PoolInfo(name: "vg", type: "logical", path: "/dev/vg"),
                ],
                volumes: [PoolVolume(pool: "default", name: "web1_system.qcow2")])
            let survey = FleetSurvey(answers: [answer], began: Clock.monotonic)
            func problem(_ name: String, _ entry: String) throws -> String? {
                let entry = try YAML.read(SourceText(name: "entry", text: entry)).map ?? Mapping()
                let spec = try MachineSpec(name: name, entry, vars: Mapping())
                let outcome = Result { try placement.refuseImpossible(spec, on: host.name, in: survey) }
                guard case .failure(let error) = outcome else { return nil }
                return (error as? Diagnostics)?.all.map(\.summary).joined(separator: "; ")
            }
            #expect(
                try problem("web1", "{disks: [1G]}")
                    == "the volume \"web1_system.qcow2\" exists already in pool \"default\"")
            #expect(try problem("web2", "{disks: [1G]}") == nil)
            #expect(try problem("web2", "{disks: [1G, {pool: none, size: 1G}]}") == "there is no pool \"none\"")
            #expect(try problem("web2", "{disks: [{pool: vg}]}")?.contains("neither a size") == true)
        }
    }

    /// Containers go to hosts that have them, VMs to the others.
    @Test func aContainerIsPlacedWhereThereAreContainers() throws {
        let source = SourceText(
            name: "hosts.yaml",
            text: "hosts: {hv1: {address: a, roles: [hypervisor]}, hv2: {address: b, uri: 'lxc:///'}}\n")
        let inventory = try Inventory.load([source])
        let context = FleetContext(
            directory: FleetDirectory(root: "/nowhere"), inventory: inventory, connector: NobodyAnswers(), parallel: 2)
        let stock = HostStock(guests: ["x86_64": false], cpus: 4, memoryMiB: 4096)
        let survey = FleetSurvey(
            answers: inventory.hosts.map {
                .init(host: $0, census: .init(host: $0, machines: .success([])), stock: .success(stock))
            }, began: Clock.monotonic)
        let placement = MachinePlacement(
            context, driver: TLSHypervisorDriver(pkiDirectory: "", timeout: .seconds(1)))
        var box = MachineSpec(name: "box")
        box.rootTree = "/srv/tree"
        box.memory = ByteSize(mebibytes: 64)
        let web = MachineSpec(name: "web")
        let placings = try placement.explain([box, web], in: survey)
        #expect(placings.map(\.host) == ["hv2", "hv1"])
        let excluded = placings.first?.verdicts.first { $0.host == "hv1" }?.obstacles.map(\.text)
        #expect(excluded == ["the QEMU driver has no containers from a root tree"])
    }

    /// Only what concerns the hosts that were asked for is planned for them.
    @Test func aPlanForSomeHostsLeavesOutOthers() async throws {
        try await Self.withFleet("{new1: {host: here, memory: 64M, disks: [{size: 1M}], nics: []}}") {
            context, driver, _ in
            var options = FleetPlanning.Options()
            options.only = ["elsewhere"]
            #expect(try await FleetPlanning(context, driver: driver, options: options).plan().lines.isEmpty)
            options.only = ["here"]
            let lines = try await FleetPlanning(context, driver: driver, options: options).plan().lines
            #expect(lines.map(\.name) == ["new1"])
        }
    }
}
