import Hypervisor
import Inventory
import Testing
import Values

@testable import Fleet

/// What becomes of the VMs of a host that is lost.
@Suite struct EvacuationTests {
    private static func machine(_ disk: String, more: String = "", active: Bool = true) throws -> LostMachine {
        let xml = """
            <domain type='qemu'><name>web</name><uuid>17173bc8-fc75-40a0-84f4-1d976b348602</uuid>
            <memory unit='KiB'>65536</memory><vcpu>2</vcpu><os><type arch='x86_64' machine='q35'>hvm</type></os>
            <devices>\(disk)<disk type='file' device='cdrom'><source file='/srv/seed.iso'/><target dev='sda'/></disk>
            <interface type='bridge'><mac address='52:54:00:12:34:56'/><source bridge='br0'/></interface>\(more)</devices>
            </domain>
            """
        let known = try #require(
            DefinitionMemory.Known(["name": "web", "uuid": "17173bc8", "xml": Value(xml), "active": Value(active)]))
        let inventory = try AuthorityScratch.inventory(AuthorityScratch.threeHosts)
        return try #require(LostMachine(known, inventory))
    }

    private static let local = "<disk type='file' device='disk'><source file='/srv/a.qcow2'/><target dev='vda'/></disk>"
    private static let network = """
        <disk type='network' device='disk'><source protocol='iscsi' name='iqn.x/1'><host name='10.0.0.1'/></source>
        <target dev='vda'/></disk>
        """
    private static let volume = """
        <disk type='volume' device='disk'><source pool='san' volume='unit:0:0:1'/><target dev='vda'/></disk>
        """

    private static func answer(_ pools: [PoolInfo]) throws -> StockGathering.Answer {
        let host = try AuthorityScratch.inventory(AuthorityScratch.threeHosts).hosts[0]
        return StockGathering.Answer(
            host: host, census: .init(host: host, machines: .success([])),
            stock: .success(HostStock(cpus: 8, memoryMiB: 8192)), pools: pools)
    }

    @Test func onlyWhatAHostSeesCanBeStartedThere() throws {
        let bare = try Self.answer([])
        let local = try Self.machine(Self.local)
        #expect(throws: Diagnostics.self) { try local.demand(on: bare, seeing: []).get() }
        #expect(try local.demand(on: bare, seeing: ["/srv/a.qcow2"]).get().cpus == 2)
        #expect(try Self.machine(Self.network).demand(on: bare, seeing: []).get().bridges == ["br0"])
        let onVolume = try Self.machine(Self.volume)
        #expect(throws: Diagnostics.self) { try onVolume.demand(on: bare, seeing: []).get() }
        let shared = try Self.answer([PoolInfo(name: "san", type: "iscsi-direct", path: nil)])
        #expect(try onVolume.demand(on: shared, seeing: []).get().memoryMiB == 64)
        let same = try Self.answer([PoolInfo(name: "san", type: "dir", path: "/srv")])
        #expect(throws: Diagnostics.self) { try onVolume.demand(on: same, seeing: []).get() }
    }

    @Test func whatIsTiedToItsHostIsNamed() throws {
        #expect(try Self.machine(Self.network).tie == nil)
        let tpm = "<tpm model='tpm-crb'><backend type='emulator' version='2.0'/></tpm>"
        #expect(try Self.machine(Self.network, more: tpm).tie == "the state of its TPM is on the host")
        let device = "<hostdev mode='subsystem' type='pci'/>"
        #expect(try Self.machine(Self.network, more: device).tie?.hasPrefix("it holds a host device") == true)
    }

    @Test func drivesWithoutTheirFilesAreEmpty() throws {
        let machine = try Self.machine(Self.network)
        #expect(machine.drives == ["/srv/seed.iso"] && machine.paths.isEmpty)
        #expect(try machine.definition(without: []).contains("/srv/seed.iso"))
        let emptied = try machine.definition(without: ["/srv/seed.iso"])
        #expect(!emptied.contains("/srv/seed.iso") && emptied.contains("iqn.x/1") && emptied.contains("cdrom"))
    }

    @Test func aFenceCommandIsAListOfWords() throws {
        func host(_ vars: String) throws -> FleetHost {
            try AuthorityScratch.inventory("hosts: {hv1: {address: 10.0.0.1, vars: {\(vars)}}}").hosts[0]
        }
        #expect(try HostFence.command(for: host("fence_command: [ipmitool, -H, 10.0.0.9]")).count == 3)
        for wrong in ["", "fence_command: reboot now", "fence_command: []", "fence_command: [{a: b}]"] {
            #expect(throws: Diagnostics.self, "\(wrong)") { try HostFence.command(for: host(wrong)) }
        }
    }

    @Test func whatWasEvacuatedIsKnownUntilTheHostIsBack() async throws {
        try await ScratchFleet.with { fleet in
            let memory = EvacuationMemory(fleet.directory)
            #expect(memory.entry(of: "hv1") == nil)
            for (vm, place) in [("a", "hv2"), ("b", "hv3"), ("a", "hv3")] {
                try memory.remember(
                    .init(
                        at: "now", by: "ada", operation: "op",
                        departures: [.init(vm: vm, uuid: "uuid-\(vm)", to: place)]), of: "hv1")
            }
            let found = try #require(memory.entry(of: "hv1"))
            #expect(Set(found.departures.map { "\($0.vm) \($0.to)" }) == ["a hv3", "b hv3"])
            try memory.forget("hv1")
            #expect(memory.entries.isEmpty)
        }
    }
}
