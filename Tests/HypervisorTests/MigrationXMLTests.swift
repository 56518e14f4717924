import Testing

@testable import Hypervisor

@Suite struct MigrationXMLTests {
    @Test func rewritesWhatTheDestinationNeeds() throws {
        var document = try MigrationXML(reading: Fixture.text("live-domain.xml"))
        let mac = try #require(MACAddress("52:54:00:00:00:01"))
        let found = [
            document.setSource(of: "vda", to: .file("/other/web1.qcow2")),
            document.setSource(of: "vdb", to: .block("/dev/mapper/web1")), document.eject("sda"),
            document.setBridge(of: mac, to: "br7"), document.setSource(of: "vdz", to: .file("/x")),
        ]
        #expect(found == [true, true, true, true, false])
        document.setDisplayAddress("10.0.0.2")
        document.setMetadata(DomainMetadata(owner: "me", operation: "op-2"))
        try Fixture.golden("migrated-domain.xml", document.text())
        #expect(
            document.description.disks.map(\.source) == [.file("/other/web1.qcow2"), .block("/dev/mapper/web1"), nil])
        #expect(document.description.disks.allSatisfy { $0.backing.isEmpty })
        #expect(document.description.metadata?.operation == "op-2")
    }

    @Test func descriptionSeesBackingAndBlockers() throws {
        let description = DomainDescription(try XMLElement(reading: Fixture.text("live-domain.xml")))
        #expect(description.disks[0].backing == [.file("/pool/debian.qcow2"), .file("/pool/base.qcow2")])
        #expect(description.hostDevices == ["host device (usb)"])
        #expect(description.sharedDirectories == ["/srv/share"])
        #expect(description.memoryMiB == 512)
        #expect(description.vnc?.port == 5901)
        #expect(description.consolePath == "/dev/pts/4")
    }

    @Test func flagsOfTheDefaultRequestCannotRunTwice() throws {
        let uri = try HypervisorURI("qemu+tls://hv2/system")
        let flags = MigrationRequest(destinationURI: uri, storage: .full).flags
        // LIVE, PEER2PEER, PERSIST_DEST, UNDEFINE_SOURCE, PAUSED, NON_SHARED_DISK, ABORT_ON_ERROR, AUTO_CONVERGE, TLS
        #expect(flags == 1 | 2 | 8 | 16 | 32 | 64 | 4096 | 8192 | 65536)
        let offline = MigrationRequest(destinationURI: uri, offline: true).flags
        #expect(offline == 2 | 8 | 16 | 1024)
        let parallel = MigrationRequest(
            destinationURI: uri, storage: .incremental, tls: false, autoConverge: false, parallelConnections: 4)
        #expect(parallel.flags == 1 | 2 | 8 | 16 | 32 | 128 | 4096 | 131072)
    }
}
