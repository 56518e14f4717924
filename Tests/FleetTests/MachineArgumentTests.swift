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
        let profiles = "{virt: {profile: {small: {cpus: 2, nics: [br1]}}}}"
        try fleet.write(
            "hosts:\n  here: {address: 10.0.0.1\(entry), vars: \(profiles)}\n", to: "inventory/hosts.yaml")
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
            host_devices:
              - pci_0000_3b_02_1
              - usb: {vendor: '046d', product: 0xc534}
              - usb: 1234:5678
              - usb: {bus: 1, device: 4}
              - mdev_4b20d080_1b54_4048_85b3_a6a62d165c01_0000_06_00_0
            graphics: {type: vnc, port: 5910, listen: {type: address, address: 127.0.0.1}}
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
            #expect(
                details.hostDevices.map(\.description) == [
                    "0000:3b:02.1", "usb 046d:c534", "usb 1234:5678", "usb bus 1 device 4",
                    "mdev 4b20d080-1b54-4048-85b3-a6a62d165c01",
                ])
            #expect(spec.graphics == .vnc && details.displayPort == 5910)
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
        ("host_devices: [usb_3_1]", "names a port of a host"), ("host_devices: [eth0]", "is no device of a host"),
        ("host_devices: [{usb: {bus: 1}}]", "by vendor and product, or by bus and device"),
        ("host_devices: [{usb: 1:2, mdev: a}]", "is one of pci, usb and mdev"),
        ("host_devices: [{mdev: 4b20d080}]", "\"4b20d080\" is no device of a host"),
        ("graphics: {type: vnc, tls_port: 5901}", "unknown key \"tls_port\""),
        ("graphics: {listen: {type: address, address: 0.0.0.0}}", "listens on 127.0.0.1 only, not on \"0.0.0.0\""),
        ("graphics: {listen: {type: network, network: lan}}", "unknown key \"network\""),
        ("graphics: {listen: {type: none}}", "listens on 127.0.0.1 only, not by none"),
        ("boot: {initrd: /a}", "need a \"kernel\""),
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
        "autostart: true", "interfaces: []", "nic_profile: default", "graphics: {type: vnc}", "boot: {efi: true}",
        "boot_dev: hd", "clock: {utc: true}", "stop_on_reboot: true", "seed: false", "host_devices: []",
    ])
    func whatIsSaidAloneCountsToo(_ argument: String) async throws {
        try await ScratchFleet.with { fleet in
            let wish = try #require(try MachineArguments(Self.call(argument, fleet: fleet)))
            // What it would be like, nobody knows by that.
            #expect(!wish.isDescription)
            #expect(try MachineArguments(Self.call("update: true", fleet: fleet)) == nil)
        }
    }

    @Test func aProfileSaysWhatIsInIt() async throws {
        try await ScratchFleet.with { fleet in
            let wish = try #require(try MachineArguments(Self.call("profile: small", fleet: fleet)))
            #expect(wish.isDescription && wish.spec.cpus == 2)
            #expect(wish.tells(.cpus(2)) && wish.tells(.newNIC(0, NICRequest(name: "eth0"))))
            #expect(!wish.tells(.memory(ByteSize(mebibytes: 512))) && !wish.tells(.autostart(true)))
        }
    }

    @Test(arguments: [
        ("{boot: 1G}", "1G", nil), ("{boot: 1G, max: 4G}", "1G", "4G"), ("{current: 1G, max: 4G}", "1G", "4G"),
        ("{boot: 2G, current: 1G}", "1G", "2G"), ("{boot: 1G, current: 1G, max: 4G}", "1G", "4G"),
        ("{max: 4G}", "4G", nil), ("{boot: 2G, current: 1G, max: 4G}", nil, nil),
    ])
    func memoryHasSeveralAmounts(_ argument: String, _ first: String?, _ most: String?) async throws {
        try await ScratchFleet.with { fleet in
            let call = try Self.call("mem: \(argument)", fleet: fleet)
            guard let first else {
                #expect(throws: Diagnostics.self) { try MachineArguments(call) }
                return
            }
            let wish = try #require(try MachineArguments(call))
            #expect(wish.spec.memory == ByteSize(first) && wish.spec.maxMemory == most.flatMap { ByteSize($0) })
            let note = most == nil ? "" : "\nOf a new VM only, and not compared: the most of mem"
            #expect(wish.uncompared == note)
        }
    }

    @Test func whatIsNotComparedIsNamed() async throws {
        try await ScratchFleet.with { fleet in
            let wish = try #require(try MachineArguments(Self.call("cpu: 2\nclock: {utc: true}", fleet: fleet)))
            #expect(wish.uncompared == "\nOf a new VM only, and not compared: clock")
            #expect(try MachineArguments(Self.call("cpu: 2", fleet: fleet))?.uncompared.isEmpty == true)
        }
    }

    @Test(arguments: [
        ("qemu:///system", nil, true), ("lxc:///", nil, false), ("lxc:///", "lxc:///", true),
        ("qemu:///system", "lxc:///", false), ("qemu:///system", "qemu+tls://here.lan:16514/system", true),
        ("qemu:///session", "qemu+tls://here.lan/system", false),
        ("qemu+tls://there.lan/system", "qemu+tls://here.lan/system", false),
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
