internal import Hypervisor
package import Inventory
package import Values

/// Puts drained hosts into service again, and brings back the VMs that draining moved away and that are still where it put
/// them.
package struct HostReturn: Sendable {
    private let context: FleetContext
    private let driver: any HypervisorDriver
    private let parallel: Int
    private let tell: @Sendable (RelocationEvent) -> Void

    package init(
        _ context: FleetContext, driver: any HypervisorDriver, parallel: Int = 64,
        tell: @escaping @Sendable (RelocationEvent) -> Void = { _ in }
    ) {
        self.context = context
        self.driver = driver
        self.parallel = parallel
        self.tell = tell
    }

    /// - Parameter returning: whether VMs are brought back.
    /// - Throws: ``HostProblem`` of a host that does not answer; `Diagnostics` for one that is not drained.
    package func undrain(_ hosts: [Host], returning: Bool) async throws -> RelocationReport {
        let locks = try HostDrain.lock(hosts, context)
        defer { withExtendedLifetime(locks) {} }
        let records = try await read(hosts)
        let evacuated = EvacuationMemory(context.directory).entries
        for (host, record) in zip(hosts, records) where record.mark == nil && record.departures.isEmpty {
            guard evacuated[host.name] == nil else { continue }
            throw Diagnostics(.error("\"\(host.name)\" is not drained", host: host.name))
        }
        let names = hosts.map(\.name)
        let log = try Journal(context.directory).begin(
            "undrain",
            Mapping([
                ("subject", Value(names.joined(separator: ","))), ("hosts", Value(names.map { Value($0) })),
                ("returning", Value(returning)),
            ]))
        return try await carryOut(hosts, records.map(\.departures), returning: returning, log)
    }

    /// Goes on with one that was cut off.
    static func resume(
        _ record: OperationRecord, _ context: FleetContext, _ driver: any HypervisorDriver
    ) async throws -> String {
        let hosts = try (record["hosts"]?.list ?? []).compactMap(\.string).map(context.host(named:))
        let locks = try HostDrain.lock(hosts, context)
        defer { withExtendedLifetime(locks) {} }
        let restoration = HostReturn(context, driver: driver)
        let report = try await restoration.carryOut(
            hosts, try await restoration.read(hosts).map(\.departures),
            returning: record["returning"]?.bool ?? false, Journal(context.directory).resume(record))
        return report.isSettled ? "finished" : "unknown"
    }

    private func read(
        _ hosts: [Host]
    ) async throws(HostProblem) -> [(mark: DrainMark?, departures: [DrainRecord.Departure])] {
        let answers = await HostAnswers(hosts, limit: context.parallel) { host in
            try await DrainRecord(host: host, connector: context.connector).read()
        }
        var records: [(mark: DrainMark?, departures: [DrainRecord.Departure])] = []
        for (_, answer) in answers.hosts { records.append(try answer.get()) }
        return records
    }

    private func carryOut(
        _ hosts: [Host], _ departures: [[DrainRecord.Departure]], returning: Bool, _ log: OperationLog
    ) async throws -> RelocationReport {
        closeDrains(of: hosts)
        for host in hosts { try await StaleDefinitions(context: context, driver: driver, host: host).remove() }
        for host in hosts { try await DrainRecord(host: host, connector: context.connector).removeMark() }
        DrainMemory(context.directory).remember(hosts.map { ($0.name, nil) })
        try log.record("in-service")
        var report = RelocationReport(operation: log.id, hosts: hosts.map(\.name))
        if returning {
            var origins: [String: (host: String, departure: DrainRecord.Departure)] = [:]
            for (host, list) in zip(hosts, departures) {
                for departure in list { origins[departure.uuid] = (host.name, departure) }
            }
            try await bringBack(origins, &report, log)
        }
        report.isInterrupted = Task.isCancelled
        guard report.isSettled else { return report }
        if report.left.isEmpty {
            for host in hosts { try await DrainRecord(host: host, connector: context.connector).forgetDepartures() }
        }
        try log.record("finished")
        return report
    }

    private func bringBack(
        _ origins: [String: (host: String, departure: DrainRecord.Departure)], _ report: inout RelocationReport,
        _ log: OperationLog
    ) async throws {
        let places = Set(origins.values.map(\.departure.to))
        let planning = RelocationPlanning(context: context, driver: driver)
        let survey = await planning.survey(residences: places)
        let residents = try planning.residents(of: places, in: survey).filter { resident in
            origins[resident.machine.uuid]?.departure.to == resident.home.host.name
        }
        let plan = try planning.plan(residents, in: survey, closed: [], words: "where it came from") { resident in
            origins[resident.machine.uuid].map { [$0.host] }
        }
        tell(.plan(plan))
        try log.record("planned", Mapping([("moves", Value(plan.moves.map(\.value)))]))
        let batch = MoveBatch(
            context: context, driver: driver, options: MigrationOptions(), parallel: parallel, end: nil,
            tell: { [tell] in tell(.ended($0)) })
        report.outcomes = await batch.run(plan.moves)
        report.left = plan.stays
        for outcome in report.outcomes where !outcome.isMoved {
            let move = outcome.move
            guard let reason = outcome.problem else { continue }
            report.left.append(
                Relocation.Stay(vm: move.vm, uuid: move.uuid, host: move.from, isActive: move.isLive, reason: reason))
        }
    }

    /// Drains of these hosts that were cut off are not to be gone on with.
    private func closeDrains(of hosts: [Host]) {
        let journal = Journal(context.directory)
        let names = Set(hosts.map(\.name))
        for record in journal.unfinished() where record.kind == "drain" {
            let theirs = Set((record["hosts"]?.list ?? []).compactMap(\.string))
            if theirs.isSubset(of: names) { try? journal.resume(record).record("undone") }
        }
    }
}
