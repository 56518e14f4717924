internal import Hypervisor
internal import Values

/// What an unfinished creation left on a host: what its journal says that it made, and nothing else.
struct MachineRemnants: Sendable {
    let name: String
    let uuid: String
    let volumes: [PoolVolume]

    /// - Parameter record: of the creation.
    init?(_ record: OperationRecord) {
        guard let name = record["vm"]?.string, let uuid = record["uuid"]?.string else { return nil }
        let standard = record.steps.first?["pool"]?.string ?? MachineParts.standardPool
        self.init(name: name, uuid: uuid, volumes: MadeVolumes(record, pool: standard).volumes)
    }

    init(name: String, uuid: String, volumes: [PoolVolume]) {
        self.name = name
        self.uuid = uuid
        self.volumes = volumes
    }

    /// Runs to its end, or throws at what it cannot remove; to be tried again then.
    func remove(over connection: HypervisorConnection) async throws(HypervisorError) {
        if let domain = try await connection.domain(.uuid(uuid)) {
            if domain.state.isActive { try await connection.destroy(.uuid(uuid)) }
            try await connection.undefine(.uuid(uuid))
        }
        // A later VM of this name has volumes of the same names: they are its own.
        let isTaken = try await connection.domain(.name(name)) != nil
        let own = volumes.filter { !isTaken || !$0.name.hasPrefix(name + "_") }
        try await MadeVolumes(own).remove(over: connection)
    }
}
