internal import Hypervisor
internal import Values

/// What every host has for VMs.
enum MachineParts {
    /// The pool that Drover makes where there is none.
    static let standardPool = "default"
    static let standardPoolPath = "/var/lib/libvirt/images"
}

/// What an unfinished creation left on a host: what its journal says that it made, and nothing else.
struct MachineRemnants: Sendable {
    let name: String
    let uuid: String
    let volumes: [PoolVolume]

    /// - Parameter record: of the creation.
    init?(_ record: OperationRecord) {
        guard let name = record["vm"]?.string, let uuid = record["uuid"]?.string else { return nil }
        let standard = record.steps.first?["pool"]?.string ?? MachineParts.standardPool
        self.init(
            name: name, uuid: uuid,
            volumes: record.steps.compactMap { step in
                step["volume"]?.string.map { PoolVolume(pool: step["pool"]?.string ?? standard, name: $0) }
            })
    }

    init(name: String, uuid: String, volumes: [PoolVolume]) {
        self.name = name
        self.uuid = uuid
        self.volumes = volumes
    }

    /// - Returns: whether nothing of it is left.
    func remove(over connection: HypervisorConnection) async -> Bool {
        do throws(HypervisorError) {
            if let domain = try await connection.domain(.uuid(uuid)) {
                if domain.state.isActive { try await connection.destroy(.uuid(uuid)) }
                try await connection.undefine(.uuid(uuid))
            }
            // A later VM of this name has volumes of the same names: they are its own.
            let isTaken = try await connection.domain(.name(name)) != nil
            for volume in volumes where !isTaken || !volume.name.hasPrefix(name + "_") {
                guard try await connection.pool(volume.pool) != nil else { continue }
                _ = try await connection.deleteVolume(volume.name, in: volume.pool)
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
