internal import Hypervisor
internal import Values

/// What a VM consists of on its host, by name: all that may ever be removed with it.
struct MachineParts: Sendable {
    let name: String
    let uuid: String
    let pool = "default"
    let poolPath = "/var/lib/libvirt/images"
    var disk: String { "\(name)_system.qcow2" }
    var seed: String { "\(name)_seed.iso" }
    var volumes: [String] { [disk, seed] }

    init(spec: MachineSpec, uuid: String) {
        name = spec.name
        self.uuid = uuid
    }

    init(name: String, uuid: String) {
        self.name = name
        self.uuid = uuid
    }

    func domain(
        _ spec: MachineSpec, accelerator: DomainSpec.Accelerator, interfaces: [InterfaceSpec]
    ) -> DomainSpec {
        DomainSpec(
            name: name, uuid: uuid, memoryMiB: spec.memory.mebibytes, cpus: spec.cpus, accelerator: accelerator,
            disks: [
                DiskSpec(source: .file(DiskPath.join(poolPath, disk))), .seed(DiskPath.join(poolPath, seed)),
            ], interfaces: interfaces)
    }
}

/// Removes what an unfinished creation left on a host: what its journal says that it made, and nothing else.
struct MachineRemnants {
    private let parts: MachineParts
    private let volumes: [String]

    init(_ parts: MachineParts, volumes: [String]) {
        self.parts = parts
        self.volumes = volumes
    }

    /// - Returns: whether nothing of it is left.
    func remove(over connection: HypervisorConnection) async -> Bool {
        do throws(HypervisorError) {
            if let domain = try await connection.domain(.uuid(parts.uuid)) {
                if domain.state.isActive { try await connection.destroy(.uuid(parts.uuid)) }
                try await connection.undefine(.uuid(parts.uuid))
            }
            // A later VM of this name has volumes of the same names: they are its own.
            let isTaken = try await connection.domain(.name(parts.name)) != nil
            guard try await connection.pool(parts.pool) != nil else { return true }
            let own = volumes.filter { !isTaken || !parts.volumes.contains($0) }
            for volume in own where try await connection.volume(volume, in: parts.pool) != nil {
                _ = try await connection.deleteVolume(volume, in: parts.pool)
            }
            return true
        } catch {
            return false
        }
    }
}

/// A random UUID (RFC 9562, version 4).
enum RandomUUID {
    static func make() -> String {
        var generator = SystemRandomNumberGenerator()
        var bytes = (0..<16).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        bytes[6] = bytes[6] & 0x0F | 0x40
        bytes[8] = bytes[8] & 0x3F | 0x80
        let digits = bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
        let groups = [digits[0..<4], digits[4..<6], digits[6..<8], digits[8..<10], digits[10..<16]]
        return groups.map { $0.joined() }.joined(separator: "-")
    }
}
