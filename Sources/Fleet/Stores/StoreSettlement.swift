internal import Hypervisor
internal import Values

/// Takes back, or sees to the end, an operation on a pool, network or volume that did not finish: by what its journal says
/// that it began, and what the host has. Only what bears the UUID that the operation gave or found is touched.
struct StoreSettlement {
    private let record: OperationRecord
    private let connection: HypervisorConnection
    private let name: String

    init(_ record: OperationRecord, over connection: HypervisorConnection) {
        self.record = record
        self.connection = connection
        name = record["name"]?.string ?? ""
    }

    /// How Drover's secrets are told from others.
    static func secretDescription(_ pool: String) -> String { "Password of the pool \(pool), made by Drover" }

    /// - Returns: the journal's last step: `finished` or `undone`.
    func settle() async throws -> String {
        switch (record.kind, record["act"]?.string) {
        case ("pool", "create"): try await undoPoolCreation()
        case ("pool", "update"), ("pool", "delete"): try await restorePool()
        case ("network", "create"): try await undoNetworkCreation()
        case ("network", "update"), ("network", "delete"): try await restoreNetwork()
        case ("volume", "delete"): try await finishVolumeDeletion()
        case ("volume", "resize"): try await seeVolumeSize()
        case ("volume", _): try await removeVolume()
        default: throw Diagnostics(.error("the journal of \(record.id) is incomplete"))
        }
    }

    private func began(_ step: String) -> Bool { record.steps.contains { $0["step"]?.string == step } }

    private func field(_ name: String) throws(Diagnostics) -> String {
        guard let text = record[name]?.string else {
            throw Diagnostics(.error("the journal of \(record.id) is incomplete"))
        }
        return text
    }

    // MARK: - Pools

    private func undoPoolCreation() async throws -> String {
        if began("defining"), let pool = try await connection.pool(name), pool.uuid == (try field("uuid")) {
            if pool.isActive { try await connection.stopPool(name) }
            // Removes an empty directory only.
            if began("built") { try? await connection.deletePoolStorage(name) }
            if try await connection.pool(name) != nil { try await connection.undefinePool(name) }
        }
        if let secret = record["secret"]?.string { try await connection.removeSecret(uuid: secret) }
        return "undone"
    }

    /// As it was before a change or a deletion; volumes that are deleted stay so.
    private func restorePool() async throws -> String {
        let uuid = try field("uuid")
        let there = try await connection.pool(name)
        if there == nil, began("undefining") {
            if let secret = record["own_secret"]?.string { try await connection.removeSecret(uuid: secret) }
            return "finished"
        }
        // One of another UUID is somebody else's of the same name.
        guard there == nil || there?.uuid == uuid else { return "undone" }
        let wasActive = record["was_active"]?.bool == true
        if began("defining") {
            let isOff = try await stopForRestoring(there)
            if began("built"), isOff { try? await connection.deletePoolStorage(name) }
            try await connection.definePool(xml: try field("old"))
        }
        let isActive = try await connection.pool(name)?.isActive == true
        if wasActive, !isActive { try await connection.startPool(name) }
        if !wasActive, isActive { try await connection.stopPool(name) }
        if let autostart = record["was_autostarted"]?.bool {
            try await connection.setPoolAutostart(name, autostart)
        }
        if let secret = record["secret"]?.string { try await connection.removeSecret(uuid: secret) }
        return "undone"
    }

    /// - Returns: whether the pool is off. One that was changed while it ran goes on, as does one that a VM uses by now:
    ///   what is defined is what it starts with next time.
    private func stopForRestoring(_ there: PoolInfo?) async throws -> Bool {
        guard let there, there.isActive else { return true }
        if record["live"]?.bool == true { return false }
        let isFolder = there.type == PoolSpec.Kind.dir.rawValue
        if !isFolder {
            let use = try await StoreUse.read(connection, refreshing: false)
            guard use.users(ofPool: there).isEmpty else { return false }
        }
        try await connection.stopPool(name)
        return true
    }

    // MARK: - Networks

    private func undoNetworkCreation() async throws -> String {
        guard began("defining"), let network = try await connection.network(name),
            network.uuid == (try field("uuid"))
        else { return "undone" }
        if network.isActive { try await connection.stopNetwork(name) }
        if try await connection.network(name) != nil { try await connection.undefineNetwork(name) }
        return "undone"
    }

    private func restoreNetwork() async throws -> String {
        let there = try await connection.network(name)
        if there == nil, began("undefining") { return "finished" }
        let uuid = try field("uuid")
        guard there == nil || there?.uuid == uuid else { return "undone" }
        let old = try field("old")
        if began("updating"), let there, there.isActive, let found = try await spec(of: name),
            let wanted = (try? XMLElement(reading: old)).flatMap(NetworkSpec.init(reading:)),
            let steps = NetworkUpdate.steps(from: found, to: wanted)
        {
            for step in steps { try await connection.updateNetwork(name, step) }
        }
        if began("defining") {
            if there?.isActive == true { try await connection.stopNetwork(name) }
            try await connection.defineNetwork(xml: old)
        }
        let isActive = try await connection.network(name)?.isActive == true
        let wasActive = record["was_active"]?.bool == true
        if wasActive, !isActive { try await connection.startNetwork(name) }
        if !wasActive, isActive { try await connection.stopNetwork(name) }
        if let autostart = record["was_autostarted"]?.bool {
            try await connection.setNetworkAutostart(name, autostart)
        }
        return "undone"
    }

    private func spec(of name: String) async throws -> NetworkSpec? {
        try await connection.networkDocument(name).flatMap(NetworkSpec.init(reading:))
    }

    // MARK: - Volumes

    /// A volume that was not filled is worth nothing; nobody can use it yet.
    private func removeVolume() async throws -> String {
        let pool = try field("pool")
        // One that was put in the place of another is not there any more.
        if began("swapping") { try await connection.refreshPool(pool) }
        guard began("making"), !began("taken"), let there = try await volume() else {
            return began("swapping") ? "finished" : "undone"
        }
        // Cut off while it was being made, one that differs is somebody else's.
        let step = record.steps.first { $0["step"]?.string == "making" }
        if !began("made"), let capacity = step?["capacity"]?.string, capacity != "\(there.capacity)" { return "undone" }
        try await removeUnused(there, pool)
        return "undone"
    }

    /// Nil as well when the pool is gone.
    private func volume() async throws -> VolumeInfo? {
        let pool = try field("pool")
        guard try await connection.pool(pool) != nil else { return nil }
        return try await connection.volume(try field("volume"), in: pool)
    }

    private func removeUnused(_ there: VolumeInfo, _ pool: String) async throws {
        let users = try await StoreUse.read(connection, refreshing: true).users(of: there)
        guard users.isEmpty else {
            throw Diagnostics(
                StoreUse.refusal(
                    "remove the unfinished volume \"\(there.name)\"", users, host: record["host"]?.string ?? ""))
        }
        try await connection.deleteVolume(there.name, in: pool)
    }

    /// One that is half overwritten with zeros goes; else it stays when it is still there.
    private func finishVolumeDeletion() async throws -> String {
        guard let there = try await volume() else { return "finished" }
        guard began("wiping") else { return "undone" }
        try await removeUnused(there, try field("pool"))
        return "finished"
    }

    private func seeVolumeSize() async throws -> String {
        guard let there = try await volume() else { return "undone" }
        return "\(there.capacity)" == (try field("to")) ? "finished" : "undone"
    }
}

extension OperationRecovery {
    /// - Returns: the journal's last step.
    func settleStore(_ record: OperationRecord, _ context: FleetContext, _ driver: any HypervisorDriver) async throws
        -> String
    {
        let lock = try record["lock"]?.string.map {
            try OperationLock(context.directory, $0, meaning: record["subject"]?.string ?? $0)
        }
        defer { withExtendedLifetime(lock) {} }
        guard let host = record["host"]?.string else {
            throw Diagnostics(.error("the journal of \(record.id) is incomplete"))
        }
        let end = try await driver.visit(try context.host(named: host)) { connection in
            let end = try await StoreSettlement(record, over: connection).settle()
            if record.kind == "network", let name = record["name"]?.string {
                let place = try context.host(named: host)
                try await NetworkCards(context: context, host: place, network: name).plugIn(over: connection)
            }
            return end
        }
        try Journal(context.directory).resume(record).record(end)
        return end
    }
}
