internal import Hypervisor
internal import Inventory
package import Values

/// Finishes or undoes an interrupted operation by what the hosts really have.
package struct OperationRecovery: Sendable {
    package struct Outcome: Sendable {
        package let record: OperationRecord
        /// `finished`, `undone`, `in progress`, `unknown` or `failed`.
        package let result: String
        package let problem: Diagnostic?
        /// What it left because somebody uses it.
        package var warnings: [Diagnostic] = []

        package var isUnknown: Bool { result == "unknown" }
        package var isInProgress: Bool { result == "in progress" }
        package var value: Value {
            ["operation": Value(record.id), "kind": Value(record.kind), "result": Value(result)]
        }
    }

    let context: FleetContext
    let driver: any HypervisorDriver

    /// What interrupted operations left of secrets in this machine's memory goes at once.
    package init(_ context: FleetContext, driver: any HypervisorDriver) {
        self.context = context
        self.driver = driver
        PrivateFolder.sweep()
    }

    package func recover(_ record: OperationRecord) async -> Outcome {
        do {
            let result = try await settle(record)
            let kept = Journal(context.directory).operation(record.id)?.kept ?? []
            return Outcome(record: record, result: result, problem: nil, warnings: kept)
        } catch let unknown as MigrationUnknown {
            return Outcome(record: record, result: "unknown", problem: unknown.diagnostic)
        } catch let problem as HostProblem {
            return Outcome(record: record, result: "unknown", problem: problem.diagnostic)
        } catch let locked as OperationLocked {
            return Outcome(record: record, result: "in progress", problem: locked.diagnostic)
        } catch let found as Diagnostics {
            return Outcome(record: record, result: "failed", problem: found.all.first)
        } catch {
            return Outcome(record: record, result: "failed", problem: .error("\(error)"))
        }
    }

    /// Before it a VM is nowhere.
    static let defining = "defining"
    /// Behind it a VM is nowhere.
    static let undefined = "undefined"

    private func settle(_ record: OperationRecord) async throws -> String {
        if record.isClosed { return record.lastStep }
        // What another process is still at work on is its own to finish.
        let lock = try record["vm"]?.string.map { try OperationLock(context.directory, machine: $0) }
        defer { withExtendedLifetime(lock) {} }
        guard let record = Journal(context.directory).operation(record.id), !record.isClosed else { return "finished" }
        return try await holding(record) { try await settleLocked(record) }
    }

    /// With the VMs' names locked on the hosts too; a migration does that over the connections that it needs anyway.
    private func holding<Answer: Sendable>(
        _ record: OperationRecord, _ body: () async throws -> Answer
    ) async throws -> Answer {
        guard record.kind != "migrate", let host = record["host"]?.string else { return try await body() }
        let place = try context.host(named: host)
        var holds: [HostHold] = []
        do {
            for name in Set(record.all("vm") + record.all("new") + record.all("source")).sorted() {
                var wish = HostLocks.Wish(machine: name, operation: "recover", on: [place])
                wish.settles = record.id
                holds.append(try await HostLocks(context).take(wish))
            }
            let answer = try await body()
            for hold in holds { await hold.release() }
            return answer
        } catch {
            for hold in holds { await hold.release() }
            throw error
        }
    }

    private func settleLocked(_ record: OperationRecord) async throws -> String {
        switch record.kind {
        case "migrate": return try await settleMigration(record)
        case "create": return try await undoCreation(record)
        case "delete": return try await finishDeletion(record)
        case "container":
            return try await ContainerCreation(context: context, driver: driver, say: { _ in }).settle(record)
        case "resize": return try await MachineResizing(context, driver: driver).settle(record)
        case "change": return try await MachineChanging(context, driver: driver).settle(record)
        case "clone": return try await MachineCloning(context, driver: driver).settle(record)
        case "rename": return try await MachineRenaming(context, driver: driver).settle(record)
        case "snapshot": return try await MachineSnapshots(context, driver: driver).settle(record)
        case "capture": return try await ImageCapture(context, driver: driver).settle(record)
        case "unplace": return try await ImageRemoval(context, driver: driver).settle(record)
        case "push": return try await ImagePush.recover(record, context, driver)
        case "pool", "network", "volume": return try await settleStore(record, context, driver)
        case "drain": return try await HostDrain.resume(record, context, driver)
        case "undrain": return try await HostReturn.resume(record, context, driver)
        case "evacuate": return try await HostEvacuation.settle(record, context, driver)
        case "remove": return try await HostRemoval.resume(record, context, driver)
        case "balance": return try await FleetBalance.resume(record, context, driver)
        case "rotate": return try await CertificateRotation.recover(record, context)
        default: throw Diagnostics(.error("operations of kind \"\(record.kind)\" cannot be recovered by this version"))
        }
    }

    private func settleMigration(_ record: OperationRecord) async throws -> String {
        guard let uuid = record["uuid"]?.string, let from = record["from"]?.string, let to = record["to"]?.string else {
            throw Diagnostics(.error("the journal of \(record.id) is incomplete"))
        }
        let hosts = try await MigrationHosts.connect(
            from: try context.host(named: from), to: try context.host(named: to), settling: record,
            record["vm"]?.string ?? uuid, context: context, driver: driver)
        let log = hosts.resumed(Journal(context.directory).resume(record))
        if hosts.isSettledElsewhere(record) {
            try log.record("finished", Mapping([("by", "another controller")]))
            await hosts.close()
            return "finished"
        }
        let settlement = MigrationSettlement(hosts: hosts, uuid: uuid, log: log, options: MigrationOptions(record))
        do {
            // Without the list it cannot be known what is to be tidied up: a torn journal is no empty one.
            guard let moved = record["moved"]?.list?.compactMap(\.string) else {
                throw Diagnostics(.error("the journal of \(record.id) is incomplete"))
            }
            let (made, autostart) = (MigrationStage.made(record), record["autostart"]?.bool ?? false)
            let isMigrated: Bool
            if record["mode"]?.string == MigrationPlan.Mode.offline.rawValue {
                isMigrated =
                    try await OfflineSettlement(
                        hosts: hosts, uuid: uuid, log: log, keepSource: MigrationOptions(record).keepSource
                    ).settle(moved: moved, made: made, autostart: autostart) == .migrated
            } else {
                isMigrated =
                    try await settlement.settle(moved: moved, made: made, autostart: autostart, problem: nil)
                    == .migrated
            }
            for side in [hosts.source, hosts.destination] { await Retirement.sweep(side) }
            await hosts.close()
            return isMigrated ? "finished" : "undone"
        } catch {
            await hosts.close()
            throw error
        }
    }

    /// The definition goes first: if it is there still, nothing was done; if not, the volumes are nobody's.
    private func finishDeletion(_ record: OperationRecord) async throws -> String {
        guard let uuid = record["uuid"]?.string, let host = record["host"]?.string else {
            throw Diagnostics(.error("the journal of \(record.id) is incomplete"))
        }
        let log = Journal(context.directory).resume(record)
        let whereabouts = try await Whereabouts(uuid, of: host, context, driver)
        let isElsewhere = whereabouts.elsewhere != nil
        if isElsewhere || whereabouts.isTaken(record["vm"]?.string) {
            // It moved instead, or a later VM has its name and so its volumes' names.
            try log.record(isElsewhere ? "undone" : "finished")
            return isElsewhere ? "undone" : "finished"
        }
        if whereabouts.here == nil, !record.hasStep(Self.undefined) { try whereabouts.demandNowhereElse() }
        let place = try context.host(named: host)
        let kept: [Diagnostic]? = try await driver.visit(place) { connection in
            guard try await connection.domain(.uuid(uuid)) == nil else { return nil }
            let paths = record["volumes"]?.list?.compactMap(\.string) ?? []
            let layers = record["layers"]?.list?.compactMap(\.string) ?? []
            // What somebody uses by now stays, and is his.
            return try await VolumeRemoval(context, driver: driver, on: place)
                .remove(paths, layers: layers, over: connection)
        }
        let isThere = kept == nil
        if let kept {
            try log.recordKept(kept)
            let paths = record["volumes"]?.list?.compactMap(\.string) ?? []
            try await driver.visit(place) {
                try await ContainerTree.refuseUsed(paths, by: uuid, on: place, over: $0)
            }
            try await ContainerTree.remove(paths, on: place, by: context.connector)
        }
        try? log.record(isThere ? "undone" : "finished")
        return isThere ? "undone" : "finished"
    }

    /// A VM that runs was only not written down as finished; anything less is taken back.
    private func undoCreation(_ record: OperationRecord) async throws -> String {
        guard let remnants = MachineRemnants(record), let host = record["host"]?.string else {
            throw Diagnostics(.error("the journal of \(record.id) is incomplete"))
        }
        let log = Journal(context.directory).resume(record)
        // One that may have run has a guest's data on its disk: it stays, wherever it is by now.
        let mayHaveRun = record.hasStep("starting")
        let whereabouts = try await Whereabouts(remnants.uuid, of: host, context, driver)
        let isKept = whereabouts.here.map { $0.state.isActive || mayHaveRun } ?? false
        if isKept || whereabouts.elsewhere != nil {
            try log.record("finished")
            return "finished"
        }
        if whereabouts.here == nil, record.hasStep(Self.defining) { try whereabouts.demandNowhereElse() }
        let place = try context.host(named: host)
        if record.hasSeeded { try await OfflineSeed(context, host: place, instance: remnants.uuid).release() }
        try await driver.visit(place) { try await remnants.remove(over: $0) }
        try log.record("undone")
        return "undone"
    }
}

extension Journal {
    /// Refuses to touch a VM that an unfinished operation of this fleet directory is about.
    func refuseUnsettled(_ uuid: String) throws(Diagnostics) {
        let open = unfinished().first { record in
            [record["uuid"]?.string, record["source_uuid"]?.string].contains(uuid)
        }
        guard let open else { return }
        throw Diagnostics(
            .error(
                "the operation \(open.id) (\(open.kind)) on this VM is not settled",
                hint: "run `drover op recover \(open.id)` first"))
    }

    /// - Throws: `Diagnostics` naming the nearest operation.
    package func known(_ id: String) throws(Diagnostics) -> OperationRecord {
        if let record = operation(id) { return record }
        throw Diagnostics(
            .error("there is no operation \"\(id)\"", hint: hint(for: id) ?? "`drover op list` shows all"))
    }
}
