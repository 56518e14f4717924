import Foundation
import Hypervisor
import Testing

/// One golden file for each thing that can be said of a domain, held against libvirt's own schema.
@Suite struct DomainOptionTests {
    struct Option: Sendable, CustomTestStringConvertible {
        let name: String
        let change: @Sendable (inout DomainSpec) throws -> Void
        var testDescription: String { name }

        init(_ name: String, _ change: @escaping @Sendable (inout DomainSpec) throws -> Void) {
            self.name = name
            self.change = change
        }
    }

    static let baseline = """
        <cpu mode='custom' match='exact'><model fallback='forbid'>Skylake-Client-IBRS</model><vendor>Intel</vendor>\
        <feature policy='require' name='ssbd'/><feature policy='disable' name='mpx'/></cpu>
        """

    static let options: [Option] = [
        Option("standard") { _ in },
        Option("emulation") { $0.accelerator = .emulation },
        Option("machine") { $0.machine = "pc" },
        Option("cpu-host") { $0.cpu = .hostPassthrough },
        Option("cpu-model") { $0.cpu = .model("Skylake-Client") },
        Option("cpu-baseline") { $0.cpu = .element(try XMLElement(reading: baseline)) },
        Option("max-cpus") { $0.maxCPUs = 8 },
        Option("max-memory") { $0.maxMemoryMiB = 8192 },
        Option("uefi") { $0.isUEFI = true },
        Option("secure-boot") { $0.hasSecureBoot = true },
        Option("tpm") { $0.hasTPM = true },
        Option("iothread") { $0.ioThreads = 1 },
        Option("iothread-declined") {
            $0.ioThreads = 1
            $0.disks[0].usesIOThread = false
        },
        Option("spare-ports") { $0.sparePorts = 4 },
        Option("graphics-vnc") { $0.display = .init(.vnc) },
        Option("graphics-spice") { $0.display = .init(.spice) },
        Option("boot") {
            $0.disks[0].bootOrder = 2
            $0.interfaces[0].bootOrder = 1
        },
        Option("iso") {
            $0.disks.append(
                DiskSpec(
                    source: .file("/srv/iso/debian.iso"), format: "raw", device: .cdrom, bus: "sata", discard: false,
                    isReadOnly: true))
        },
        Option("disk-data") {
            $0.disks.append(
                DiskSpec(source: .file("/srv/data.raw"), format: "raw", bus: "scsi", cache: "none", serial: "data1"))
        },
        Option("disk-io") {
            $0.disks[0].cache = "none"
            $0.disks[0].io = "native"
            $0.disks[0].discard = false
        },
        Option("drives-empty") {
            $0.disks.append(DiskSpec(source: nil, format: "raw", device: .cdrom, bus: "sata", discard: false))
            $0.disks.append(DiskSpec(source: nil, format: "raw", device: .floppy, bus: "fdc", discard: false))
        },
        Option("floppy") {
            $0.disks.append(
                DiskSpec(source: .file("/srv/boot.img"), format: "raw", device: .floppy, bus: "fdc", discard: false))
        },
        Option("iothread-second") {
            $0.ioThreads = 2
            $0.disks[0].ioThread = 2
        },
        Option("disk-block") { $0.disks[0].source = .block("/dev/vg/web1") },
        Option("disk-volume") { $0.disks[0].source = .volume(pool: "ceph", name: "web1_system") },
        Option("disk-read-only") { $0.disks[0].isReadOnly = true },
        Option("nic-network") { $0.interfaces[0].source = .network("lan") },
        Option("nic-direct") { $0.interfaces[0].source = .direct("eth0", mode: "bridge") },
        Option("nic-user") { $0.interfaces[0].source = .user },
        Option("nic-vlan") { $0.interfaces[0].vlan = 5 },
        Option("nic-mtu") { $0.interfaces[0].mtu = 9000 },
        Option("nic-model") { $0.interfaces[0].model = "e1000e" },
        Option("nic-several") {
            $0.interfaces.append(
                InterfaceSpec(source: .bridge("br1"), mac: try #require(MACAddress("52:54:00:00:00:02"))))
        },
        Option("nic-none") { $0.interfaces = [] },
        Option("numatune") {
            $0.details.memoryPolicy = .init(
                mode: "preferred", nodes: "0-3,^1", cells: [.init(id: 0, mode: "strict", nodes: "1")])
        },
        Option("hypervisor-features") { $0.details.kvmFeatures = ["hint-dedicated": true] },
        Option("clock") {
            $0.details.clockOffset = .timezone("Europe/Berlin")
            $0.details.timers = [
                .init(
                    "rtc", ["tickpolicy": "catchup", "track": "guest"], catchUp: ["slew": "120", "threshold": "123"]),
                .init("tsc", ["frequency": "3504000000", "mode": "native"]),
            ]
        },
        Option("clock-variable") { $0.details.clockOffset = .variable(adjustment: "3600", fromLocalTime: true) },
        Option("ports") {
            var tcp = DomainDetails.Port("tcp")
            (tcp.host, tcp.service, tcp.targetPort) = ("0.0.0.0", 2222, 1)
            var log = DomainDetails.Port("file")
            log.path = "/var/log/web1.log"
            $0.details.serials = [DomainDetails.Port(), tcp, log]
            var console = DomainDetails.Port("unix")
            (console.path, console.targetType) = ("/run/web1.sock", "virtio")
            $0.details.consoles = [DomainDetails.Port(), console]
        },
        Option("ports-none") { $0.details.serials = [] },
        Option("stop-on-reboot") { $0.details.stopsOnReboot = true },
        Option("host-devices") { $0.details.hostDevices = [.pci(try #require(PCIAddress("0000:3b:02.1")))] },
        Option("host-devices-other") {
            $0.sparePorts = 1
            $0.details.hostDevices = [
                .usb(vendor: 0x046d, product: 0xc534), .usbAddress(bus: 1, device: 4),
                .mediated(uuid: "4b20d080-1b54-4048-85b3-a6a62d165c01"),
            ]
        },
        Option("graphics-port") { $0.display = .init(.vnc, port: 5910) },
        Option("direct-boot") {
            $0.details.directBoot = .init(
                kernel: "/boot/vmlinuz", initrd: "/boot/initrd.img", commandLine: "console=ttyS0 root=/dev/vda1 & <>")
        },
        Option("metadata") {
            $0.metadata?.hostKey = "ssh-ed25519 AAAA web1"
            $0.metadata?.seed = "cloud-init"
            $0.metadata?.spread = ["web", "rack1"]
            $0.metadata?.affinity = ["shop"]
        },
    ]

    @Test(arguments: options) func hasItsPlace(_ option: Option) async throws {
        let mac = try #require(MACAddress("52:54:00:00:00:01"))
        var spec = DomainSpec(
            name: "web1", uuid: BuilderTests.uuid, memoryMiB: 2048, cpus: 2, accelerator: .kvm,
            disks: [
                DiskSpec(source: .file("/var/lib/libvirt/images/web1_system.qcow2")),
                .seed("/var/lib/libvirt/images/web1_seed.iso"),
            ],
            interfaces: [InterfaceSpec(source: .bridge("br0"), mac: mac)],
            metadata: DomainMetadata(owner: "drover", image: "debian-12", profile: "small", operation: "op-1"))
        try option.change(&spec)
        let text = try DomainXML.text(spec)
        try Fixture.golden("option-\(option.name).xml", text)
        let verdict = try await Self.validate(text)
        #expect(verdict.contains("validates"), "\(verdict)")
    }

    @Test func theSchemaRefuses() async throws {
        let verdict = try await Self.validate("<domain type='kvm'><name>a</name><memory>lots</memory></domain>\n")
        #expect(verdict.contains("fails to validate"))
    }

    @Test(arguments: ["several", "nothing"]) func patchesAreLaidOver(_ name: String) async throws {
        let spec = try BuilderTests.domain(.kvm)
        let patch = try XMLPatch(reading: Fixture.text("patch-\(name).xml"))
        let text = try patch.applied(to: DomainXML.document(spec)).written()
        try Fixture.golden("patched-\(name).xml", text)
        #expect(try await Self.validate(text).contains("validates"))
    }

    @Test(arguments: [
        ("<network/>", "changes <network>"),
        ("<domain><name drover:op='burn'/></domain>", "cannot understand drover:op"),
        ("<domain drover:when='now'/>", "cannot understand drover:when"),
        ("<domain><devices><tpm drover:op='remove'/></devices></domain>", "<devices> has no <tpm>"),
        (
            "<domain><devices><disk drover:where='target/@dev=vdz'><serial>x</serial></disk></devices></domain>",
            "has no <disk> where target/@dev=vdz"
        ),
    ])
    func patchesThatCannotBeAreRefused(_ text: String, _ reason: String) throws {
        let document = try DomainXML.document(BuilderTests.domain(.kvm))
        let outcome = Result { try XMLPatch(reading: text).applied(to: document) }
        guard case .failure(let error) = outcome, let problem = error as? XMLProblem else {
            Issue.record("it was taken")
            return
        }
        #expect(problem.message.contains(reason), "\(problem.message)")
    }

    /// What libvirt's own tool says.
    static func validate(_ text: String) async throws -> String {
        let path = NSTemporaryDirectory() + "domain-\(UUID().uuidString).xml"
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(atPath: path) }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/virt-xml-validate")
        process.arguments = [path, "domain"]
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        return try await withCheckedThrowingContinuation { continuation in
            process.terminationHandler = { _ in
                let data = output.fileHandleForReading.readDataToEndOfFile()
                continuation.resume(returning: String(decoding: data, as: UTF8.self))
            }
            do { try process.run() } catch { continuation.resume(throwing: error) }
        }
    }
}
