import Hypervisor
import Testing

@Suite struct BuilderTests {
    static let uuid = "3b0c9e6a-8f0c-4f5e-9a3d-0d5f1c2b7a90"

    static func domain(_ accelerator: DomainSpec.Accelerator) throws -> DomainSpec {
        let mac = try #require(MACAddress("52:54:00:AA:bb:01"))
        return DomainSpec(
            name: "web1", uuid: uuid, memoryMiB: 2048, cpus: 2, accelerator: accelerator,
            disks: [
                DiskSpec(source: .file("/var/lib/drover/web1.qcow2"), cache: "none"),
                DiskSpec(source: .file("/var/lib/drover/it's <b> & ü.qcow2"), serial: "data"),
                .seed("/var/lib/drover/web1-seed.iso"),
            ],
            interfaces: [InterfaceSpec(source: .bridge("br0"), mac: mac)],
            metadata: DomainMetadata(
                owner: "fleet <1>", image: "debian-12", profile: "small", operation: "op-1",
                labels: ["z": "last", "a": "first"]))
    }

    @Test func domainUnderKVM() throws {
        try Fixture.golden("domain-kvm.xml", DomainXML.text(Self.domain(.kvm)))
    }

    @Test func domainUnderEmulationWithDisplayAndUEFI() throws {
        var spec = try Self.domain(.emulation)
        spec.display = DomainSpec.Display(.vnc)
        spec.isUEFI = true
        spec.emulator = "/usr/bin/qemu-system-x86_64"
        spec.disks = [
            DiskSpec(source: .block("/dev/disk/by-id/x"), format: "raw", cache: "none", isShareable: true),
            DiskSpec(
                source: .network(kind: "iscsi", name: "iqn.2026-01.example:san/1", host: "10.77.0.9", port: 3260),
                format: "raw", cache: "none"),
        ]
        try Fixture.golden("domain-emulation.xml", DomainXML.text(spec))
    }

    @Test func bareDomain() throws {
        var spec = DomainSpec(name: "bare", memoryMiB: 64, cpus: 1, accelerator: .emulation)
        spec.cpu = .model("qemu64")
        spec.hasSerialConsole = false
        spec.hasRandomGenerator = false
        spec.hasGuestAgentChannel = false
        spec.hasMemoryBalloon = false
        try Fixture.golden("domain-bare.xml", DomainXML.text(spec))
    }

    @Test func poolVolumesAndNetwork() throws {
        try Fixture.golden("pool.xml", PoolSpec(name: "drover", path: "/var/lib/drover pool").xml())
        try Fixture.golden("volume-raw.xml", VolumeSpec(name: "image.raw", capacity: 1 << 30, format: "raw").xml())
        let overlay = VolumeSpec(
            name: "web1.qcow2", capacity: 20 << 30, backing: .init(path: "/pool/debian.qcow2", format: "qcow2"),
            mode: 0o600, owner: 64055, group: 64055)
        try Fixture.golden("volume-overlay.xml", overlay.xml())
        try Fixture.golden("network.xml", NetworkSpec(name: "lan", bridge: "br0").xml())
    }

    /// What was written is read back as what was asked for.
    @Test func descriptionReadsTheSpec() throws {
        let spec = try Self.domain(.kvm)
        let description = DomainDescription(try XMLElement(reading: DomainXML.text(spec)))
        #expect(description.name == "web1")
        #expect(description.uuid == Self.uuid)
        #expect(description.memoryMiB == 2048)
        #expect(description.cpus == 2)
        #expect(description.type == "kvm")
        #expect(description.metadata == spec.metadata)
        #expect(description.disks.map(\.target) == ["vda", "vdb", "sda"])
        #expect(description.disks.map(\.source) == spec.disks.map(\.source))
        #expect(description.disks.map(\.isReadOnly) == [false, false, true])
        #expect(description.disks.map(\.device) == [.disk, .disk, .cdrom])
        #expect(description.interfaces.map(\.mac) == ["52:54:00:aa:bb:01"])
        #expect(description.interfaces.map(\.source) == ["br0"])
    }

    @Test func refusesWhatCannotBe() throws {
        let good = try Self.domain(.kvm)
        let changes: [(String, (inout DomainSpec) -> Void)] = [
            ("cannot be a domain's name", { $0.name = "a/b" }), ("cannot be a domain's name", { $0.name = "" }),
            ("memory and processors", { $0.memoryMiB = 0 }), ("memory and processors", { $0.cpus = -1 }),
            ("must be absolute", { $0.disks[0].source = .file("web1.qcow2") }),
            ("same address", { $0.interfaces += $0.interfaces }),
            ("U+7", { $0.name = "a\u{7}" }),
        ]
        for (message, change) in changes {
            var spec = good
            change(&spec)
            let error = #expect(throws: HypervisorError.self) { try DomainXML.text(spec) }
            #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
        }
        #expect(throws: HypervisorError.self) { try VolumeSpec(name: "../x", capacity: 1).xml() }
        #expect(throws: HypervisorError.self) { try PoolSpec(name: "x", path: "relative").xml() }
    }

    @Test func addressesAreNewAndLocal() {
        let many = Set((0..<100).map { _ in MACAddress.random().description })
        #expect(many.count > 95)
        #expect(many.allSatisfy { $0.hasPrefix("52:54:00:") && MACAddress($0) != nil })
        for text in [
            "", "52:54:00:aa:bb", "52:54:00:aa:bb:0g", "53:54:00:aa:bb:01", "52-54-00-aa-bb-01", "5:2:5:4:0:0",
        ] {
            #expect(MACAddress(text) == nil, "\(text)")
        }
    }
}
