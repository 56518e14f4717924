import Foundation
import Hypervisor
import Testing
import Values

@testable import Fleet

/// On libvirt's own test driver, each with a host of its own, whose one domain is called "test".
@Suite struct MachineRemnantsTests {
    private static func open() async throws -> HypervisorConnection {
        let path = NSTemporaryDirectory() + "drover-host-\(UUID().uuidString).xml"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let host = """
            <node><domain type='test'><name>test</name><memory>8192</memory><os><type>hvm</type></os></domain></node>
            """
        try host.write(toFile: path, atomically: true, encoding: .utf8)
        return try await HypervisorConnection.open(uri: try HypervisorURI("test://" + path), timeout: .seconds(10))
    }

    @Test func onlyVolumesOfNobodyAreRemoved() async throws {
        let connection = try await Self.open()
        for pool in ["default", "fast"] {
            try await connection.createDirectoryPool(PoolSpec(name: pool, path: "/var/lib/libvirt/\(pool)"))
        }
        func make(_ volume: PoolVolume) async throws {
            _ = try await connection.createVolume(
                VolumeSpec(name: volume.name, capacity: 1 << 20, format: "raw"), in: volume.pool)
        }
        func left() async throws -> [String] {
            try await connection.volumes(in: "default").map(\.name) + connection.volumes(in: "fast").map(\.name)
        }
        for name in ["test", "gone"] {
            let volumes = [
                PoolVolume(pool: "default", name: "\(name)_system.qcow2"),
                PoolVolume(pool: "default", name: "\(name)_seed.iso"),
                PoolVolume(pool: "fast", name: "\(name)_data.raw"),
            ]
            for volume in volumes { try await make(volume) }
            // A pool that is gone meanwhile holds nothing any more.
            let made = volumes + [PoolVolume(pool: "elsewhere", name: "\(name)_other.raw")]
            let remnants = MachineRemnants(name: name, uuid: RandomUUID.make(), volumes: made)
            try await remnants.remove(over: connection)
        }
        #expect(try await left() == ["test_seed.iso", "test_system.qcow2", "test_data.raw"])
        // What the journal does not name was not made by the operation.
        let unnamed = PoolVolume(pool: "default", name: "other_system.qcow2")
        try await make(unnamed)
        let seed = PoolVolume(pool: "default", name: "other_seed.iso")
        try await make(seed)
        try await MachineRemnants(name: "other", uuid: RandomUUID.make(), volumes: [seed]).remove(over: connection)
        let names = try await left()
        #expect(names.contains(unnamed.name) && !names.contains(seed.name))
        // A part of an image is nobody's, whoever has the VM's name.
        let part = PoolVolume(pool: "default", name: "drover-image-1.qcow2.x.part")
        try await make(part)
        try await MachineRemnants(name: "test", uuid: RandomUUID.make(), volumes: [part]).remove(over: connection)
        #expect(try await !left().contains(part.name))
        await connection.close()
    }

    /// Another controller was faster: what bears the name is its own.
    @Test func whatTheHostRefusedToMakeIsNotUndone() async throws {
        let connection = try await Self.open()
        try await connection.createDirectoryPool(PoolSpec(name: "default", path: "/var/lib/libvirt/default"))
        @Sendable func make(_ name: String) async throws {
            _ = try await connection.createVolume(
                VolumeSpec(name: name, capacity: 1 << 20, format: "qcow2"), in: "default")
        }
        try await make("web1_system.qcow2")
        try await ScratchFleet.with { scratch in
            let journal = Journal(scratch.directory)
            let log = try journal.begin(
                "create", Mapping([("vm", "web1"), ("uuid", Value(RandomUUID.make())), ("host", "hv1")]))
            func note(_ name: String) async throws {
                try await log.making(PoolVolume(pool: "default", name: name)) { try await make(name) }
            }
            try await note("web1_data.qcow2")
            await #expect(throws: HypervisorError.self) { try await note("web1_system.qcow2") }
            let record = try #require(journal.operation(log.id))
            let remnants = try #require(MachineRemnants(record))
            try await remnants.remove(over: connection)
        }
        #expect(try await connection.volumes(in: "default").map(\.name) == ["web1_system.qcow2"])
        await connection.close()
    }

    /// A disk of a pool that has no path is known by the pool and the volume.
    @Test func aDiskNamedByItsPoolIsTheMachinesOwn() async throws {
        let connection = try await Self.open()
        try await connection.createDirectoryPool(PoolSpec(name: "ceph", path: "/var/lib/libvirt/ceph"))
        let volume = try await connection.createVolume(
            VolumeSpec(name: "web1_data", capacity: 1 << 20, format: "raw"), in: "ceph")
        func disk(_ source: String, _ target: String) -> String {
            "<disk type='volume' device='disk'><source \(source)/><target dev='\(target)' bus='virtio'/></disk>"
        }
        let definition = try DomainDefinition(
            reading: """
                <domain type='test'><name>web1</name><memory>1024</memory><os><type>hvm</type></os><devices>
                \(disk("pool='ceph' volume='web1_data'", "vda"))\(disk("pool='gone' volume='web1_more'", "vdb"))
                \(disk("pool='ceph' volume='other_data'", "vdc"))
                </devices></domain>
                """)
        let disks = try await MachineDisk.all(of: definition.description, over: connection)
        #expect(disks.map(\.name) == ["data", "more", "vdc"])
        #expect(disks.map(\.isOwn) == [true, true, false])
        #expect(disks.map { $0.volume?.path } == [volume.path, nil, nil])
        await connection.close()
    }

    /// Somebody's ISO may be called anything.
    @Test func ofDrivesOnlyTheFirstBootImageIsTheMachinesOwn() async throws {
        let connection = try await Self.open()
        func drive(_ file: String, _ target: String) -> String {
            "<disk type='file' device='cdrom'><source file='/isos/\(file)'/><target dev='\(target)' bus='sata'/></disk>"
        }
        var definition = try DomainDefinition(
            reading: """
                <domain type='test'><name>debian</name><memory>1024</memory><os><type>hvm</type></os><devices>
                \(drive("debian_12.iso", "sda"))\(drive("debian_seed.iso", "sdb"))\(drive("debian_seed.iso", "sdc"))
                </devices></domain>
                """)
        definition.setMetadata(DomainMetadata(labels: [MachineDisk.foreignLabel("sdc"): "yes"]))
        let disks = try await MachineDisk.all(of: definition.description, over: connection)
        #expect(disks.map(\.isOwn) == [false, true, false])
        #expect(disks.map(\.name) == ["sda", "seed", "sdc"])
        await connection.close()
    }
}
