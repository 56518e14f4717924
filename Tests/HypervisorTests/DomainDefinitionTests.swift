import Testing

@testable import Hypervisor

/// Definitions at rest that are edited to be defined again.
@Suite struct DomainDefinitionTests {
    private func definition() throws -> DomainDefinition {
        try DomainDefinition(reading: Fixture.text("live-domain.xml"))
    }

    @Test func becomesAnotherDomain() throws {
        var copy = try definition()
        let before = copy.description
        copy.become(name: "web2", uuid: "11111111-2222-4333-8444-555555555555")
        let after = copy.description
        #expect(after.name == "web2" && after.uuid == "11111111-2222-4333-8444-555555555555")
        #expect(after.interfaces.count == before.interfaces.count)
        #expect(Set(after.interfaces.map(\.mac)).isDisjoint(with: before.interfaces.map(\.mac)))
        #expect(after.interfaces.allSatisfy { MACAddress($0.mac) != nil && $0.device == nil })
        #expect(after.interfaces.map(\.source) == before.interfaces.map(\.source))
        // Where it will listen, its host says.
        #expect(after.vnc == nil && before.vnc != nil)
        #expect(after.disks.map(\.source) == before.disks.map(\.source))
    }

    @Test func bootsInTheOrderThatIsSet() throws {
        var changed = try definition()
        let mac = try #require(changed.description.interfaces.first?.mac)
        changed.setBootOrder([mac, "vdb", "vda"])
        #expect(changed.bootOrder == ["network", "disk", "disk"])
        #expect(changed.document.first("os", "boot") == nil)
        let disks = changed.document.first("devices")?.all("disk") ?? []
        #expect(disks.map { $0.first("boot")?[attribute: "order"] } == ["3", "2", nil])
        changed.setBootOrder([])
        #expect(changed.bootOrder == [])
    }

    @Test func fillsAndEmptiesADrive() throws {
        var changed = try definition()
        changed.eject("sda")
        let inserted = changed.setSource(of: "sda", to: .file("/pool/rescue.iso"))
        #expect(inserted)
        #expect(changed.description.disks.map(\.source).last == .file("/pool/rescue.iso"))
    }

    @Test func findsAFreeName() {
        #expect(DomainXML.freeTarget(bus: "virtio", besides: []) == "vda")
        #expect(DomainXML.freeTarget(bus: "virtio", besides: ["vda", "vdc", "sdb"]) == "vdb")
        #expect(DomainXML.freeTarget(bus: "sata", besides: ["sda", "vdb"]) == "sdb")
    }

    @Test func readsProcessorsAndMemoryInUse() throws {
        let text = """
            <domain type='kvm'><memory unit='MiB'>512</memory><currentMemory unit='MiB'>256</currentMemory>
            <vcpu current='2'>8</vcpu></domain>
            """
        let description = DomainDescription(try XMLElement(reading: text))
        #expect(description.cpus == 2 && description.maximumCPUs == 8)
        #expect(description.memoryMiB == 512 && description.currentMemoryMiB == 256)
        let plain = DomainDescription(
            try XMLElement(reading: "<domain><memory unit='MiB'>64</memory><vcpu>3</vcpu></domain>"))
        #expect(plain.cpus == 3 && plain.maximumCPUs == 3 && plain.currentMemoryMiB == 64)
    }

    @Test func listsSnapshotsBehindTheOnesTheyFollow() throws {
        func snapshot(_ name: String, _ parent: String?, _ created: Int) throws -> DomainSnapshot {
            let parent = parent.map { "<parent><name>\($0)</name></parent>" } ?? ""
            let text = "<domainsnapshot><name>\(name)</name><state>shutoff</state>\(parent)"
            return DomainSnapshot(
                try XMLElement(reading: text + "<creationTime>\(created)</creationTime></domainsnapshot>"),
                isCurrent: false)
        }
        let list = [
            try snapshot("a-third", "second", 7), try snapshot("second", "z-first", 7),
            try snapshot("z-first", nil, 7), try snapshot("older", nil, 5),
        ]
        #expect(DomainSnapshot.inOrder(list).map(\.name) == ["older", "z-first", "second", "a-third"])
    }
}
