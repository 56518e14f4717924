internal import Hypervisor
internal import Inventory
internal import Values

/// Removes volumes of a host that nobody uses: no VM, running or off, and no volume that stands on them; on this host, and
/// where its storage is shared, on none that reaches it.
struct VolumeRemoval: Sendable {
    private let context: FleetContext
    private let host: Host
    private let shared: SharedStorage

    init(_ context: FleetContext, driver: any HypervisorDriver, on host: Host, assumedAbsent: [String]? = nil) {
        self.context = context
        self.host = host
        shared = SharedStorage(context, driver: driver, assumedAbsent: assumedAbsent)
    }

    /// Refuses to go on when somebody would lose something with one of `paths`.
    /// - Parameters:
    ///   - act: what is refused then, such as `delete "web1"`.
    ///   - uuid: the VM whose volumes they are: its own use does not count.
    ///   - hint: what to do about it.
    /// - Returns: what was seen.
    /// - Throws: `Diagnostics` naming the users, or hosts that cannot be asked; ``HypervisorError``.
    @discardableResult
    func refuseUsed(
        _ paths: [String], to act: String, besides uuid: String? = nil, hint: String? = nil,
        over connection: HypervisorConnection
    ) async throws -> StoreUse {
        let use = try await StoreUse.read(connection, refreshing: true, besides: uuid)
        let users = use.users(of: paths)
        guard users.isEmpty else { throw Diagnostics(StoreUse.refusal(act, users, hint: hint, host: host.name)) }
        try await refuseUsedElsewhere(paths, use, besides: uuid, over: connection)
        return use
    }

    /// Removes those of `paths` that nobody uses, and then those of `layers` (from the top down) that nobody stands on any
    /// more. What is gone already is no failure.
    /// - Parameter uuid: the VM whose volumes they were, while it is still there.
    /// - Returns: what was kept, and why.
    func remove(
        _ paths: [String], layers: [String] = [], besides uuid: String? = nil, over connection: HypervisorConnection
    ) async throws -> [Diagnostic] {
        let use = try await StoreUse.read(connection, refreshing: true, besides: uuid)
        let own = StoreUse.fromTheTop(use.volumes.filter { paths.contains($0.path) })
        let shared = layers.compactMap { layer in use.volumes.first { $0.path == layer } }
        // All at once, unless one is used.
        let isFree =
            (try? await refuseUsedElsewhere((own + shared).map(\.path), use, besides: uuid, over: connection)) != nil
        var gone: [String] = []
        var kept: [Diagnostic] = []
        for volume in own + shared where !gone.contains(volume.path) {
            guard let pool = volume.pool else { continue }
            do {
                // What is gone does not keep what it stood on.
                let users = use.users(of: gone + [volume.path])
                guard users.isEmpty else {
                    throw Diagnostics(
                        StoreUse.refusal("remove the volume \"\(volume.name)\"", users, host: host.name))
                }
                if !isFree { try await refuseUsedElsewhere([volume.path], use, besides: uuid, over: connection) }
            } catch let problems as Diagnostics {
                // A layer stays for as long as somebody stands on it: nothing to tell.
                if !layers.contains(volume.path) { kept += problems.all.map(Self.told) }
                continue
            }
            try await connection.removeVolume(volume.name, in: pool)
            gone.append(volume.path)
        }
        return kept
    }

    private static func told(_ problem: Diagnostic) -> Diagnostic {
        .warning(problem.summary, detail: problem.detail, hint: problem.hint, host: problem.host)
    }

    /// Keeps others from giving the host's frozen layers users meanwhile.
    func holdLayers() async throws -> OperationLock {
        try await OperationLock.layers(context.directory, on: host.name)
    }

    private func refuseUsedElsewhere(
        _ paths: [String], _ use: StoreUse, besides uuid: String?, over connection: HypervisorConnection
    ) async throws {
        let volumes = use.volumes.filter { paths.contains($0.path) }
        for (name, members) in Dictionary(grouping: volumes, by: \.pool) {
            guard let name, let pool = try await connection.pool(name) else { continue }
            try await shared.refuseUsedElsewhere(members, of: pool, on: host, besides: uuid)
        }
    }
}
