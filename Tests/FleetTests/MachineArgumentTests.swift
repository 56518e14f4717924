import Hypervisor
import Inventory
import Testing
import Values

@testable import Fleet
@testable import States

/// The arguments of `virt.running`, as descriptions of VMs.
@Suite struct MachineArgumentTests {
    private static func call(_ arguments: String, fleet: ScratchFleet, uri: String? = nil) throws -> VirtualCall {
        let entry = uri.map { ", uri: '\($0)'" } ?? ""
        try fleet.write("hosts:\n  here: {address: 10.0.0.1\(entry)}\n", to: "inventory/hosts.yaml")
        let context = try fleet.context()
        let value = try YAML.read(SourceText(name: "init.sls", text: arguments))
        let chunk = LowChunk(
            state: "virt", function: "running", name: "web1", id: "web1", sls: "vms", order: 1,
            arguments: try #require(value.map), runtime: Mapping(), requisites: [:], written: Mapping())
        return VirtualCall(
            context, driver: NoHypervisor(), host: try #require(context.inventory.hosts.first), chunk: chunk,
            isTest: true, foresight: Foresight())
    }

    @Test func detailsAreRead() async throws {
        let arguments = """
            cpu: 2
            numatune: {memory: {mode: interleave, nodeset: '0-3,^1'}, memnodes: {0: {mode: strict, nodeset: 1}}}
            hypervisor_features: [{kvm-hint-dedicated: true}]
            clock: {utc: false, adjustment: 3600, timers: {rtc: {track: guest, slew: 120}, hpet: {present: true}}}
            serials: [{type: tcp, port: 2222, target_port: 1}, {type: pty}]
            consoles: []
            stop_on_reboot: true
            host_devices: [pci_0000_3b_02_1]
            boot: {efi: true, kernel: /boot/vmlinuz, initrd: /boot/initrd, cmdline: root=/dev/vda1}
            """
        try await ScratchFleet.with { fleet in
            let spec = try #require(try MachineArguments(Self.call(arguments, fleet: fleet))).spec
            let details = spec.details
            #expect(spec.isUEFI)
            let cell = DomainDetails.MemoryPolicy.Cell(id: 0, mode: "strict", nodes: "1")
            #expect(details.memoryPolicy == .init(mode: "interleave", nodes: "0-3,^1", cells: [cell]))
            #expect(details.kvmFeatures == ["hint-dedicated": true])
            #expect(details.clockOffset == .variable(adjustment: "3600", fromLocalTime: true))
            #expect(
                details.timers == [
                    .init("rtc", ["track": "guest"], catchUp: ["slew": "120"]), .init("hpet", ["present": "yes"]),
                ])
            #expect(details.serials?.map(\.type) == ["tcp", "pty"])
            #expect(details.serials?.first?.service == 2222 && details.serials?.first?.targetPort == 1)
            #expect(details.consoles == [] && details.stopsOnReboot)
            #expect(details.hostDevices.map(\.description) == ["0000:3b:02.1"])
            #expect(
                details.directBoot
                    == .init(kernel: "/boot/vmlinuz", initrd: "/boot/initrd", commandLine: "root=/dev/vda1"))
        }
    }

    @Test(arguments: [
        ("numatune: {memory: {mode: often, nodeset: 0}}", "is no way to place memory"),
        ("numatune: {memory: {nodeset: \"0'/>\"}}", "are no NUMA nodes"),
        ("numatune: {memnodes: {a: {nodeset: 0}}}", "a NUMA cell of the guest has a number"),
        ("hypervisor_features: {kvm: true}", "unknown key \"kvm\""),
        ("clock: {adjustment: soon}", "is no adjustment"), ("clock: {timers: {rtcc: {}}}", "there is no timer"),
        ("serials: [{type: modem}]", "a port cannot be \"modem\""), ("consoles: [{type: file}]", "needs \"path\""),
        ("host_devices: [usb_3_1]", "is no PCI device"), ("boot: {initrd: /a}", "need a \"kernel\""),
        ("boot: {kernel: vmlinuz}", "is no file of the host"), ("boot: {grub: yes}", "unknown key \"grub\""),
        ("os_type: exe", "is no \"os_type\" that Drover makes on here"), ("vm_type: lxc", "is no \"vm_type\""),
    ])
    func mistakesAreTold(_ argument: String, _ words: String) async throws {
        try await ScratchFleet.with { fleet in
            let error = #expect(throws: Diagnostics.self) {
                _ = try MachineArguments(Self.call("cpu: 1\n" + argument, fleet: fleet))
            }
            #expect(error?.all.contains { $0.summary.contains(words) } == true, "\(error?.all ?? [])")
        }
    }

    @Test(arguments: [
        ("qemu:///system", nil, true), ("lxc:///", nil, false), ("lxc:///", "lxc:///", true),
        ("qemu:///system", "lxc:///", false),
    ])
    func onlyTheHostsOwnHypervisorIsMeant(_ asked: String, _ own: String?, _ isTaken: Bool) async throws {
        try await ScratchFleet.with { fleet in
            let call = try Self.call("connection: '\(asked)'", fleet: fleet, uri: own)
            if isTaken {
                try call.checkConnection()
            } else {
                let error = #expect(throws: Diagnostics.self) { try call.checkConnection() }
                #expect(error?.all.first?.hint?.contains("uri: '\(asked)'") == true)
            }
        }
    }
}

/// No host has a hypervisor.
private struct NoHypervisor: HypervisorDriver {
    func connect(to host: FleetHost) async throws(HostProblem) -> HypervisorConnection {
        throw HostProblem(.unreachable, .error("no hypervisor", host: host.name))
    }
}
