internal import Hypervisor
package import Inventory
package import Values

/// Gives a VM that is off another name, and its volumes with it: `web1_system.qcow2` becomes `db1_system.qcow2`, so that
/// deleting it finds them and a later VM of the old name does not trip over them.
package struct MachineRenaming: Sendable {
    /// A VM under its new name.
    package struct Renamed: Sendable {
        package let name: String
        package let host: Host
        /// What did not follow, and what the user has to do himself.
        package let warnings: [Diagnostic]
    }

    private let context: FleetContext
    private let driver: any HypervisorDriver

    package init(_ context: FleetContext, driver: any HypervisorDriver) {
        self.context = context
        self.driver = driver
    }

    /// - Parameter assumedAbsent: hosts that do not answer and yet shall not keep the name from being used.
    /// - Throws: `Diagnostics` for what stands against it, before anything is changed; ``HostProblem``.
    package func rename(
        _ name: String, to new: String, assumedAbsent: [String] = []
    ) async throws -> Renamed {
        try MachineName.validate(new, for: "a VM")
        // Whoever else is making it has it by the time that the hosts are asked.
        let other = try OperationLock(context.directory, machine: new)
        defer { withExtendedLifetime(other) {} }
        try Journal(context.directory).refuseUnsettled(named: new)
        let locked = NameHold(new, for: "rename", assumedAbsent, context, driver)
        return try await locked.hold.during {
            let found = try MachineCensus.one(name, among: await MachineCensus(context, driver: driver).take())
            try found.host.require(.disks)
            try await locked.take(on: found.host)
            return try await MachineHold(context, driver: driver).with(found, for: "rename") { held in
                try await rename(held, to: new)
            }
        }
    }

    private func rename(_ held: HeldMachine, to new: String) async throws -> Renamed {
        let definition = try await definition(held.domain, held.connection)
        try await refuse(held, definition.description)
        var moves: [PoolFiles.Move] = []
        var kept: [MachineDisk] = []
        for disk in try await MachineDisk.all(of: definition.description, over: held.connection) where disk.isOwn {
            guard let volume = disk.volume else {
                throw Diagnostics(
                    .error(
                        "the disk \"\(disk.name)\" cannot be found", detail: disk.description.source?.text,
                        hint: "start its pool: `drover pool start NAME`", host: held.found.host.name))
            }
            guard volume.name.hasPrefix(held.name + "_") else { continue }
            let kind = try await held.connection.pool(volume.pool ?? "")?.type
            // One that the definition names by its pool is left to libvirt, which knows it by that name.
            guard let kind, PoolFiles.kinds.contains(kind), disk.description.source?.path != nil else {
                kept.append(disk)
                continue
            }
            let name = new + volume.name.dropFirst(held.name.utf8.count)
            moves.append(
                PoolFiles.Move(from: volume.path, to: DiskPath.join(DiskPath.parent(volume.path), name)))
        }
        let files = PoolFiles(host: held.found.host, connector: context.connector)
        if let path = definition.description.nvram, DiskPath.lastComponent(path).hasPrefix(held.name + "_"),
            try await !files.existing([path]).isEmpty
        {
            let name = new + DiskPath.lastComponent(path).dropFirst(held.name.utf8.count)
            moves.append(PoolFiles.Move(from: path, to: DiskPath.join(DiskPath.parent(path), name)))
        }
        try await refuseUsed(moves, held, files)
        let log = try Journal(context.directory).begin(
            "rename",
            held.fields(
                ("new", Value(new)), ("moves", Value(moves.map(\.value))),
                ("kept", Value(kept.map { ["target": Value($0.target), "path": Value($0.volume?.path ?? "")] }))))
        let work = RenameWork(
            domain: held.domain, old: held.name, new: new, moves: moves,
            kept: kept.map { ($0.target, $0.volume?.path ?? "") }, connection: held.connection, files: files, log: log)
        do {
            try Task.checkCancellation()
            try await work.forward()
        } catch {
            throw await Undoing(driver: driver, host: held.found.host, log: log).after(error, over: held.connection) {
                var work = work
                work.connection = $0
                try await work.back()
            }
        }
        return Renamed(name: new, host: held.found.host, warnings: warnings(held.name, new, kept))
    }

    private func definition(
        _ domain: DomainReference, _ connection: HypervisorConnection
    ) async throws(HypervisorError) -> DomainDefinition {
        try DomainDefinition(reading: try await connection.xml(domain, [.inactive, .secure]))
    }

    private func refuse(_ held: HeldMachine, _ description: DomainDescription) async throws {
        func object(_ summary: String, detail: String? = nil, hint: String) -> Diagnostics {
            Diagnostics(.error(summary, detail: detail, hint: hint, host: held.found.host.name))
        }
        guard !held.isActive else {
            throw object(
                "\"\(held.name)\" is \(held.found.machine.state.activity.name)",
                detail: "a VM takes another name only while it is off",
                hint: "stop it with `drover vm stop \(held.name)`")
        }
        guard try await !held.connection.isSaved(held.domain) else {
            throw object(
                "\"\(held.name)\" is saved, and its memory knows its disks by their names",
                hint: "start it and shut it down")
        }
        let snapshots = try await held.connection.snapshots(of: held.domain).map(\.name)
        guard snapshots.isEmpty else {
            throw object(
                "\"\(held.name)\" has snapshots, which know its disks by their names",
                detail: snapshots.joined(separator: ", "),
                hint: "delete them with `drover vm snapshot delete \(held.name) NAME`")
        }
    }

    private func refuseUsed(_ moves: [PoolFiles.Move], _ held: HeldMachine, _ files: PoolFiles) async throws {
        try await VolumeRemoval(context, driver: driver, on: held.found.host).refuseUsed(
            moves.map(\.from), to: "give the disks of \"\(held.name)\" other names",
            besides: held.found.machine.uuid, over: held.connection)
        if let taken = try await files.existing(moves.map(\.to)).first {
            throw Diagnostics(
                .error(
                    "the file \"\(taken)\" exists already",
                    hint: "`drover op recover` removes what an interrupted operation left; or choose another name",
                    host: held.found.host.name))
        }
    }

    private func warnings(_ old: String, _ new: String, _ kept: [MachineDisk]) -> [Diagnostic] {
        var warnings = kept.compactMap(\.volume).map { volume in
            Diagnostic.warning(
                "the volume \"\(volume.name)\" keeps its name",
                detail: "volumes of the pool \"\(volume.pool ?? "")\" cannot be renamed; it still goes with \"\(new)\"")
        }
        if context.inventory.machines.contains(where: { $0.name == old }) {
            warnings.append(
                .warning("the inventory still lists a VM \"\(old)\"", hint: "write \"\(new)\" there"))
        }
        return warnings
    }

    /// The VM's name tells how far it came: the new one, then the rest follows; the old one, then nothing has moved for good.
    func settle(_ record: OperationRecord) async throws -> String {
        guard let old = record["vm"]?.string, let new = record["new"]?.string, let host = record["host"]?.string,
            let uuid = record["uuid"]?.string, let moves = record["moves"]?.list
        else { throw Diagnostics(.error("the journal of \(record.id) is incomplete")) }
        let other = try OperationLock(context.directory, machine: new)
        defer { withExtendedLifetime(other) {} }
        let log = Journal(context.directory).resume(record)
        let files = PoolFiles(host: try context.host(named: host), connector: context.connector)
        return try await MachineHold(context, driver: driver).settling(record) { connection, machine in
            guard let machine else {
                try log.record("undone")
                return "undone"
            }
            let kept = (record["kept"]?.list ?? []).compactMap { item in
                item["target"]?.string.flatMap { target in item["path"]?.string.map { (target, $0) } }
            }
            let work = RenameWork(
                domain: .uuid(uuid), old: old, new: new, moves: moves.compactMap { PoolFiles.Move($0) }, kept: kept,
                connection: connection, files: files, log: log)
            if machine.name == new {
                try await work.forward()
                return "finished"
            }
            try await work.back()
            return "undone"
        }
    }
}

/// The steps of a rename, each of which looks first whether it is done already, in both directions.
private struct RenameWork: Sendable {
    let domain: DomainReference
    let old: String
    let new: String
    let moves: [PoolFiles.Move]
    /// Disks whose volumes keep their names, by the guest's names of them.
    let kept: [(target: String, path: String)]
    var connection: HypervisorConnection
    let files: PoolFiles
    let log: OperationLog

    func forward() async throws {
        try log.record("renaming")
        try await setName(new)
        try log.record("moving")
        try await files.move(moves)
        try log.record("defining")
        try await define(moves) { metadata in
            for disk in kept { metadata.labels[MachineDisk.keptLabel(disk.target)] = disk.path }
        }
        await refresh()
        try log.record("finished")
    }

    func back() async throws {
        try await files.move(moves.map(\.reversed))
        try await setName(old)
        try await define(moves.map(\.reversed)) { metadata in
            for disk in kept { metadata.labels[MachineDisk.keptLabel(disk.target)] = nil }
        }
        await refresh()
        try log.record("undone")
    }

    private func setName(_ name: String) async throws(HypervisorError) {
        guard try await connection.domain(domain)?.name != name else { return }
        try await connection.rename(domain, to: name)
    }

    private func define(
        _ moves: [PoolFiles.Move], _ note: (inout DomainMetadata) -> Void
    ) async throws(HypervisorError) {
        let before = try await connection.xml(domain, [.inactive, .secure])
        var definition = try DomainDefinition(reading: before)
        for disk in definition.description.disks {
            guard let move = moves.first(where: { $0.from == disk.source?.path }) else { continue }
            definition.setSource(of: disk.target, to: .file(move.to))
        }
        if let move = moves.first(where: { $0.from == definition.description.nvram }) { definition.setNVRAM(move.to) }
        if var metadata = definition.description.metadata {
            note(&metadata)
            metadata.operation = log.id
            definition.setMetadata(metadata)
        }
        try await connection.define(xml: definition.text())
    }

    /// libvirt finds files under their new names only when it looks. A pool that is busy will be looked at later.
    private func refresh() async {
        let folders = Set(moves.map { DiskPath.parent($0.from) })
        for pool in (try? await connection.pools()) ?? [] where pool.isActive && folders.contains(pool.path ?? "") {
            try? await connection.refreshPool(pool.name)
        }
    }
}
