import Foundation
import Hypervisor
import Inventory
import Modules
import States
import Testing
import Values

@testable import Fleet

/// States of VMs by the whole way on this machine, against libvirt's own driver for tests: its node lives as long as a
/// connection is open.
@Suite(.serialized) struct VirtualStateTests {
    private static func withFleet(
        _ sls: String, _ body: (ScratchFleet, HypervisorConnection) async throws -> Void
    ) async throws {
        let connection = try await HypervisorConnection.open(uri: "test:///default")
        do {
            try await ScratchFleet.with { fleet in
                try fleet.write(
                    "hosts:\n  here: {connection: local, roles: [vms], uri: 'test:///default'}\n",
                    to: "inventory/hosts.yaml")
                try fleet.write(sls.replacing("{root}", with: fleet.root), to: "roles/vms/init.sls")
                try await body(fleet, connection)
            }
        } catch {
            await connection.close()
            throw error
        }
        await connection.close()
    }

    private static func apply(_ fleet: ScratchFleet, test: Bool = false) async throws -> HostReport {
        let context = try fleet.context()
        var options = StateRunOptions()
        options.test = test
        let reports = await StateRun(context, options: options).apply([], to: context.inventory.hosts)
        return try #require(reports.first)
    }

    /// What is foretold is what then happens, and afterwards nothing is left to do.
    private static func converge(_ fleet: ScratchFleet) async throws -> HostReport {
        let foretold = try await apply(fleet, test: true)
        #expect(foretold.diagnostics.isEmpty, "\(foretold.diagnostics)")
        let applied = try await apply(fleet)
        #expect(applied.results.map(\.result).allSatisfy { $0 == true }, "\(applied.value)")
        for (before, after) in zip(foretold.results, applied.results)
        where applied.chunks[after.chunk].state == "virt" {
            #expect(before.changes == after.changes, "\(applied.chunks[after.chunk].tag)")
            #expect((before.result == nil) == !after.changes.isEmpty)
        }
        return applied
    }

    @Test func stopsAndStartsInTheirPlaceInTheOrder() async throws {
        let sls = """
            before:
              cmd.run:
                - name: echo before >>log
                - cwd: '{root}'
            down:
              virt.stopped:
                - name: test
                - require:
                  - cmd: before
            after:
              cmd.run:
                - name: echo after >>log
                - cwd: '{root}'
                - onchanges:
                  - libvirt: down
            again:
              libvirt.running:
                - name: test
                - onchanges:
                  - cmd: after
            """
        try await Self.withFleet(sls) { fleet, connection in
            let report = try await Self.converge(fleet)
            let stopped: Value = ["stopped": [["domain": "test", "shutdown": true]]]
            #expect(Value(report.results[1].changes) == stopped)
            #expect(report.results[1].comment == "Machine has been shut down")
            #expect(Value(report.results[3].changes) == ["test": ["started": true]] as Value)
            #expect(report.results[3].comment == "Domain test started")
            #expect(try fleet.text("log") == "before\nafter\n")
            #expect(try await connection.state("test").activity == .running)
        }
    }

    @Test func nothingIsLeftToDo() async throws {
        let sls = """
            'te*':
              virt.powered_off: []
            """
        try await Self.withFleet(sls) { fleet, connection in
            _ = try await Self.converge(fleet)
            #expect(try await connection.state("test").reasonName == "destroyed")
            let second = try await Self.apply(fleet)
            #expect(second.changes == 0, "\(second.value)")
            #expect(second.results.first?.comment == "No changes had happened")
            try await connection.start("test")
        }
    }

    @Test func oneArgumentAloneIsApplied() async throws {
        let sls = """
            test:
              virt.running:
                - autostart: True
                - clock: {utc: True}
            """
        try await Self.withFleet(sls) { fleet, connection in
            let report = try await Self.converge(fleet)
            let wanted: Value = ["test": ["autostart": true, "definition": true]]
            #expect(Value(report.results[0].changes) == wanted)
            #expect(try await connection.domains().first { $0.name == "test" }?.autostart == true)
            let second = try await Self.apply(fleet)
            #expect(second.changes == 0, "\(second.value)")
            #expect(
                second.results[0].comment
                    == "Domain test exists and is running\nOf a new VM only, and not compared: clock")
            try await connection.setAutostart("test", false)
        }
    }

    @Test func whatIsNotThereFails() async throws {
        let sls = """
            nobody:
              virt.stopped: []
            somebody:
              virt.running: []
            follows:
              test.nop:
                - require:
                  - virt: nobody
            """
        try await Self.withFleet(sls) { fleet, _ in
            let report = try await Self.apply(fleet)
            #expect(report.results.map(\.result) == [false, false, false])
            #expect(report.results[0].comment == "No changes had happened: here has no VM \"nobody\"")
            #expect(report.results[2].ran == false)
        }
    }

    @Test func aMistakeIsFoundBeforeAnythingRuns() async throws {
        let sls = """
            first:
              cmd.run:
                - name: touch '{root}/ran'
            web1:
              virt.running:
                - cpu: 2
                - mem: lots
            """
        try await Self.withFleet(sls) { fleet, _ in
            let report = try await Self.apply(fleet)
            #expect(report.refusal.first?.summary == "bad size: \"lots\"")
            #expect(report.refusal.first?.mark?.line == 7)
            #expect(!FileManager.default.fileExists(atPath: fleet.root + "/ran"))
        }
    }

    @Test func poolsNetworksAndVolumesAreMadeAndRemoved() async throws {
        let sls = """
            vms:
              virt.pool_running:
                - ptype: dir
                - target: /vms
                - permissions:
                  - mode: '0711'
                - autostart: True
            lan9:
              virt.network_running:
                - bridge: br9
                - forward: bridge
            spare:
              virt.volume_defined:
                - name: spare.qcow2
                - pool: vms
                - size: 64
                - require:
                  - virt: vms
            again:
              virt.volume_defined:
                - name: spare.qcow2
                - pool: vms
                - size: 65
                - require:
                  - virt: spare
            """
        try await Self.withFleet(sls) { fleet, connection in
            let report = try await Self.converge(fleet)
            #expect(
                report.results.map { Value($0.changes) } == [
                    ["vms": "Pool defined, marked for autostart, started"],
                    ["lan9": "Network defined, marked for autostart, started"],
                    ["vms/spare.qcow2": ["old": "", "new": "defined"]], [:],
                ] as [Value])
            #expect(
                report.results[3].comment == "The capacity of the volume is different, but no resize performed")
            let second = try await Self.apply(fleet)
            #expect(second.changes == 0, "\(second.value)")
            #expect(second.results[0].comment == "Pool vms already running")

            let end = "vms:\n  virt.pool_deleted: []\n"
            try fleet.write(end, to: "roles/vms/init.sls")
            let gone = try await Self.converge(fleet)
            let wanted: Value = [
                "stopped": true, "deleted": false, "undefined": true, "deleted_volumes": [],
            ]
            #expect(Value(gone.results[0].changes) == wanted)
            #expect(try await connection.pool("vms") == nil)
            #expect(try await Self.apply(fleet).results[0].comment == "Storage pool could not be found: vms")
        }
    }

    /// Without a kind the arguments are laid over what is there.
    @Test func whatIsSaidOfAPoolThatIsThereCounts() async throws {
        let sls = """
            there:
              virt.pool_running:
                - permissions:
                  - mode: '0711'
                - autostart: True
            lan3:
              virt.network_running:
                - mtu: 1400
            nobody:
              virt.network_running:
                - mtu: 1400
            again:
              virt.pool_running:
                - name: there
                - ptype: dir
                - target: /there
            """
        try await Self.withFleet(sls) { fleet, connection in
            try await connection.definePool(xml: try PoolSpec(name: "there", path: "/there").xml())
            var lan = NetworkSpec(name: "lan3", mode: .isolated)
            lan.addressing = [NetworkAddressing(address: "10.3.0.1", prefix: 24)]
            try await connection.defineNetwork(xml: try lan.xml())
            let report = try await Self.apply(fleet)
            #expect(report.results.map(\.result) == [true, true, false, true], "\(report.value)")
            let pool = try #require(try await connection.pool("there"))
            #expect(pool.isActive && pool.autostart && pool.path == "/there")
            let found = try await connection.poolDocument("there").flatMap(PoolSpec.init(reading:))
            #expect(found?.permissions.mode == 0o711)
            let network = try #require(try await connection.network("lan3"))
            // As the argument's documentation says, it starts with its host unless told otherwise.
            #expect(network.isActive && network.autostart)
            #expect(try await connection.networkDocument("lan3").flatMap(NetworkSpec.init(reading:))?.mtu == 1400)
            #expect(report.results[2].comment.contains("nothing says what it would be like"))
            let second = try await Self.apply(fleet)
            #expect(second.results.map(\.changes.isEmpty) == [true, true, true, true], "\(second.value)")
            try await connection.stopPool("there")
            try await connection.undefinePool("there")
            try await connection.stopNetwork("lan3")
            try await connection.undefineNetwork("lan3")
        }
    }

    /// Later states of a check see the pools and networks as they would be by then.
    @Test func aCheckKnowsWhatWouldBeByThen() async throws {
        let sls = """
            gone:
              virt.pool_deleted:
                - name: early
            started:
              virt.pool_running:
                - name: early
            made:
              virt.pool_running:
                - name: early
                - ptype: dir
                - target: /late
            known:
              virt.pool_running:
                - name: early
            wire:
              virt.network_defined:
                - bridge: br3
                - forward: bridge
            up:
              virt.network_running:
                - name: wire
            """
        try await Self.withFleet(sls) { fleet, connection in
            try await connection.definePool(xml: try PoolSpec(name: "early", path: "/early").xml())
            try await connection.startPool("early")
            let foretold = try await Self.apply(fleet, test: true)
            let applied = try await Self.apply(fleet)
            #expect(foretold.results.map(\.changes) == applied.results.map(\.changes), "\(foretold.value)")
            #expect(
                Array(applied.results.map { Value($0.changes) }.dropFirst()) == [
                    [:], ["early": "Pool defined, marked for autostart, started"], [:],
                    ["wire": "Network defined, marked for autostart"], ["wire": "Network started"],
                ] as [Value])
            try await connection.stopPool("early")
            try await connection.undefinePool("early")
            try await connection.stopNetwork("wire")
            try await connection.undefineNetwork("wire")
        }
    }

    @Test func snapshotsAreTakenOnceAndRevertedTo() async throws {
        let sls = """
            kept:
              virt.snapshot:
                - name: 'kept?'
                - suffix: nightly
            """
        try await Self.withFleet(sls) { fleet, connection in
            try await connection.define(
                xml: """
                    <domain type='test'><name>kept1</name><memory unit='MiB'>64</memory><os><type>hvm</type></os>
                    <devices><disk type='file' device='disk'><driver name='qemu' type='qcow2'/>
                    <source file='/vms/kept1.qcow2'/><target dev='vda' bus='virtio'/></disk></devices></domain>
                    """)
            try await connection.start("kept1")
            let report = try await Self.converge(fleet)
            #expect(Value(report.results[0].changes) == ["saved": [["domain": "kept1", "snapshot": "kept1-nightly"]]])
            #expect(try await Self.apply(fleet).changes == 0)
            try await connection.destroy("kept1")
            let back = "back:\n  virt.reverted:\n    - name: kept1\n    - snapshot: kept1-nightly\n"
            try fleet.write(back, to: "roles/vms/init.sls")
            let reverted = try await Self.converge(fleet)
            let wanted: Value = ["reverted": [["domain": "kept1", "current": "kept1-nightly", "deleted": false]]]
            #expect(Value(reverted.results[0].changes) == wanted)
            #expect(try await connection.state("kept1").activity == .running)
        }
    }
}
