internal import Hypervisor
package import Inventory
internal import Values

/// A migration that was begun elsewhere, as this fleet's journal knows it, or as the guest's own metadata tell of it.
package struct MigrationTrace: Sendable {
    package let vm: String
    package let uuid: String
    package let source: Host
    /// Nil where only the destination's own controller knows it.
    package let destination: Host?
    /// Nil where neither the journal nor the guest names it.
    package let operation: String?
    /// Nil for one of another controller's.
    let record: MigrationRecord?

    package var isOfThisFleet: Bool { record != nil }
}

/// Finds the migration that is meant.
package struct MigrationSearch: Sendable {
    private let context: FleetContext
    private let driver: any HypervisorDriver

    package init(_ context: FleetContext, driver: any HypervisorDriver) {
        self.context = context
        self.driver = driver
    }

    /// - Parameter id: an operation, or a VM's name or UUID; nil for the only one that is unfinished.
    /// - Throws: `Diagnostics` when there is none, or several.
    package func find(_ id: String?) async throws -> MigrationTrace {
        let journal = Journal(context.directory)
        let open = journal.unfinished().filter { $0.kind == "migrate" }
        guard let id else {
            if let only = open.first, open.count == 1 { return try trace(only) }
            throw Diagnostics(
                open.isEmpty
                    ? .error("no migration is under way here", hint: "name the VM, if another controller moves it")
                    : .error(
                        "several migrations are under way",
                        detail: open.map { "\($0.id) (\($0["vm"]?.string ?? "?"))" }.joined(separator: ", "),
                        hint: "name one"))
        }
        if let record = journal.operation(id) {
            guard record.kind == "migrate" else {
                throw Diagnostics(.error("the operation \(id) is no migration: it is a \(record.kind)"))
            }
            return try trace(record)
        }
        let ofMachine = open.last { [$0["vm"]?.string, $0["uuid"]?.string].contains(id) }
        if let ofMachine { return try trace(ofMachine) }
        return try await onHosts(id)
    }

    private func trace(_ record: OperationRecord) throws(Diagnostics) -> MigrationTrace {
        let known = try MigrationRecord(record)
        return MigrationTrace(
            vm: known.vm, uuid: known.uuid, source: try context.host(named: known.from),
            destination: try context.host(named: known.to), operation: record.id, record: known)
    }

    /// The host that libvirt sends it from, and the one that has it too.
    private func onHosts(_ name: String) async throws -> MigrationTrace {
        let answers = await MachineCensus(context, driver: driver).take()
        var found: [(host: Host, machine: DomainSummary, isSending: Bool, operation: String?)] = []
        for answer in answers {
            for machine in (try? answer.machines.get()) ?? [] where [machine.name, machine.uuid].contains(name) {
                let domain = DomainReference.uuid(machine.uuid)
                let (isSending, operation) = try await driver.visit(answer.host) { connection in
                    (
                        // The destination has no figures to give.
                        (try? await connection.jobStats(domain))?.isActive ?? false,
                        try? await connection.metadata(domain)?.operation
                    )
                }
                found.append((answer.host, machine, isSending, operation))
            }
        }
        guard !found.isEmpty else {
            throw Diagnostics(
                .error("there is no operation and no VM \"\(name)\"", hint: "`drover op list`, `drover vm list`"))
        }
        guard let source = found.first(where: \.isSending) else {
            throw Diagnostics(
                .error(
                    "no migration of \"\(name)\" is under way",
                    detail: "it is on "
                        + found.map { "\($0.host.name) (\($0.machine.state.activity.name))" }
                        .joined(separator: ", ")))
        }
        return MigrationTrace(
            vm: source.machine.name, uuid: source.machine.uuid, source: source.host,
            destination: found.first { $0.host.name != source.host.name }?.host, operation: source.operation,
            record: nil)
    }
}
