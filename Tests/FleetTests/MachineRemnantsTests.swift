import Hypervisor
import Testing

@testable import Fleet

/// On libvirt's own test driver, whose one domain is called "test".
@Suite struct MachineRemnantsTests {
    @Test func onlyVolumesOfNobodyAreRemoved() async throws {
        let connection = try await HypervisorConnection.open(
            uri: try HypervisorURI("test:///default"), timeout: .seconds(10))
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
            #expect(await remnants.remove(over: connection))
        }
        #expect(try await left() == ["test_seed.iso", "test_system.qcow2", "test_data.raw"])
        // What the journal does not name was not made by the operation.
        let unnamed = PoolVolume(pool: "default", name: "other_system.qcow2")
        try await make(unnamed)
        let seed = PoolVolume(pool: "default", name: "other_seed.iso")
        try await make(seed)
        #expect(await MachineRemnants(name: "other", uuid: RandomUUID.make(), volumes: [seed]).remove(over: connection))
        let names = try await left()
        #expect(names.contains(unnamed.name) && !names.contains(seed.name))
        // A part of an image is nobody's, whoever has the VM's name.
        let part = PoolVolume(pool: "default", name: "drover-image-1.qcow2.x.part")
        try await make(part)
        #expect(await MachineRemnants(name: "test", uuid: RandomUUID.make(), volumes: [part]).remove(over: connection))
        #expect(try await !left().contains(part.name))
        await connection.close()
    }
}
