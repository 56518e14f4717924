import Hypervisor
import Testing

@testable import Fleet

/// On libvirt's own test driver, whose one domain is called "test".
@Suite struct MachineRemnantsTests {
    @Test func onlyVolumesOfNobodyAreRemoved() async throws {
        let connection = try await HypervisorConnection.open(
            uri: try HypervisorURI("test:///default"), timeout: .seconds(10))
        try await connection.createDirectoryPool(PoolSpec(name: "default", path: "/var/lib/libvirt/images"))
        for name in ["test", "gone"] {
            let parts = MachineParts(name: name, uuid: RandomUUID.make())
            for volume in parts.volumes {
                _ = try await connection.createVolume(
                    VolumeSpec(name: volume, capacity: 1 << 20, format: "raw"), in: parts.pool)
            }
            #expect(await MachineRemnants(parts, volumes: parts.volumes).remove(over: connection))
        }
        let left = try await connection.volumes(in: "default").map(\.name)
        #expect(left == ["test_seed.iso", "test_system.qcow2"])
        // What the journal does not name was not made by the operation.
        let other = MachineParts(name: "other", uuid: RandomUUID.make())
        for volume in other.volumes {
            _ = try await connection.createVolume(
                VolumeSpec(name: volume, capacity: 1 << 20, format: "raw"), in: other.pool)
        }
        #expect(await MachineRemnants(other, volumes: [other.seed]).remove(over: connection))
        #expect(try await connection.volumes(in: "default").map(\.name).contains(other.disk))
        await connection.close()
    }
}
