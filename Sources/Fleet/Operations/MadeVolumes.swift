internal import Hypervisor
internal import Values

/// The volumes that an operation made on a host, by what its journal says. They are removed when it is undone, but never
/// one that somebody uses, nor one that was there before or that another controller made first.
struct MadeVolumes: Sendable {
    fileprivate static let making = "making"
    fileprivate static let notMade = "not made"

    let volumes: [PoolVolume]

    init(_ volumes: [PoolVolume]) { self.volumes = volumes }

    /// - Parameter pool: of steps that do not say any.
    init(_ record: OperationRecord, pool standard: String? = nil) {
        var volumes: [PoolVolume] = []
        for step in record.steps {
            guard [Self.making, Self.notMade].contains(step["step"]?.string),
                let name = step["volume"]?.string, let pool = step["pool"]?.string ?? standard
            else { continue }
            let volume = PoolVolume(pool: pool, name: name)
            volumes.removeAll { $0 == volume }
            if step["step"]?.string != Self.notMade { volumes.append(volume) }
        }
        self.volumes = volumes
    }

    /// Runs to its end, or throws at what it cannot remove; to be tried again then.
    /// - Returns: those that there were to be removed.
    @discardableResult
    func remove(over connection: HypervisorConnection) async throws(HypervisorError) -> [PoolVolume] {
        var there: [(volume: PoolVolume, path: String)] = []
        for volume in volumes where try await connection.pool(volume.pool) != nil {
            guard let found = try await connection.volume(volume.name, in: volume.pool) else { continue }
            there.append((volume, found.path))
        }
        guard !there.isEmpty else { return [] }
        let use = try await StoreUse.read(connection, refreshing: false)
        try use.requireRead(for: there.map(\.path))
        let users = use.users(of: there.map(\.path))
        let unused = there.filter { one in !users.contains { $0.what == one.path } }.map(\.volume)
        for volume in unused { try await connection.removeVolume(volume.name, in: volume.pool) }
        return unused
    }
}

extension OperationRecord {
    /// Files besides volumes that the operation made.
    var madeFiles: [String] {
        var files: [String] = []
        for step in steps {
            guard let file = step["file"]?.string else { continue }
            files.removeAll { $0 == file }
            if step["step"]?.string != MadeVolumes.notMade { files.append(file) }
        }
        return files
    }

    /// What undoing or finishing it has left, because somebody uses it.
    var kept: [Diagnostic] {
        steps.filter { $0["step"]?.string == "kept" }.map { step in
            .warning(
                step["summary"]?.string ?? "", detail: step["detail"]?.string, hint: step["hint"]?.string,
                host: self["host"]?.string)
        }
    }
}

extension OperationLog {
    /// Makes a volume, written down before. Struck out again when the host says that it did not: then what bears the name
    /// is somebody else's.
    func making<Answer>(_ volume: PoolVolume, _ make: () async throws -> Answer) async throws -> Answer {
        try await making(Mapping([("volume", Value(volume.name)), ("pool", Value(volume.pool))]), make)
    }

    /// The same for a file of the host.
    func making<Answer>(file: String, _ make: () async throws -> Answer) async throws -> Answer {
        try await making(Mapping([("file", Value(file))]), make)
    }

    private func making<Answer>(_ what: Mapping, _ make: () async throws -> Answer) async throws -> Answer {
        try record(MadeVolumes.making, what)
        do {
            return try await make()
        } catch {
            if error is HypervisorError || error is HostProblem, !error.leavesEndUnknown {
                try? record(MadeVolumes.notMade, what)
            }
            throw error
        }
    }

    /// Notes what was left because somebody uses it.
    func recordKept(_ kept: [Diagnostic]) throws(FileError) {
        for one in kept {
            var fields = Mapping([("summary", Value(one.summary))])
            if let detail = one.detail { fields["detail"] = Value(detail) }
            if let hint = one.hint { fields["hint"] = Value(hint) }
            try record("kept", fields)
        }
    }
}
