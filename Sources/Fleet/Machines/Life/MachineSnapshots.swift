package import Hypervisor
internal import Inventory
package import Values

/// States of a VM that it can be brought back to, kept inside its qcow2 disks.
package struct MachineSnapshots: Sendable {
    private let context: FleetContext
    private let driver: any HypervisorDriver

    package init(_ context: FleetContext, driver: any HypervisorDriver) {
        self.context = context
        self.driver = driver
    }

    /// A VM's snapshots, oldest first.
    package func list(_ name: String) async throws -> [DomainSnapshot] {
        let found = try await MachineCensus(context, driver: driver).find(name)
        try found.host.require(.snapshots)
        let connection = try await driver.connect(to: found.host)
        do throws(HypervisorError) {
            let snapshots = try await connection.snapshots(of: .uuid(found.machine.uuid))
            await connection.close()
            return snapshots
        } catch {
            await connection.close()
            throw HostProblem(error, host: found.host.name)
        }
    }

    /// One snapshot of a VM.
    package func show(_ snapshot: String, of name: String) async throws -> DomainSnapshot {
        let all = try await list(name)
        if let one = all.first(where: { $0.name == snapshot }) { return one }
        throw Self.missing(snapshot, of: name, all)
    }

    /// Keeps what the VM is now: its disks, and its memory if it runs. Its guest stands still meanwhile, and is asked before
    /// to write out what it has not yet, if an agent answers in it.
    /// - Parameter snapshot: its name; nil for one made of the time.
    /// - Parameter assumedAbsent: hosts that do not answer and are said not to have the VM, here and below; nil where nobody
    ///   can say so.
    package func create(
        _ snapshot: String?, of name: String, note: String? = nil, assumedAbsent: [String]? = nil
    ) async throws -> DomainSnapshot {
        let wanted = snapshot ?? Clock.iso(Clock.now).filter { $0 != ":" }.lowercased()
        try MachineName.validate(wanted, for: "a snapshot")
        return try await work("create", wanted, on: name, assumedAbsent) { held in
            let description = try await held.connection.description(
                of: held.domain, held.isActive ? [] : .inactive)
            try Self.refuse(description, held)
            let there = try await held.connection.snapshots(of: held.domain)
            guard !there.contains(where: { $0.name == wanted }) else {
                throw Diagnostics(
                    .error(
                        "\"\(held.name)\" has a snapshot \"\(wanted)\" already", hint: "choose another name",
                        host: held.found.host.name))
            }
        } prepare: { held, log in
            try await Self.writeOut(held, log)
        } act: { held throws(HypervisorError) in
            try await held.connection.makeSnapshot(wanted, of: held.domain, note: note)
            let made = try await held.connection.snapshots(of: held.domain).first { $0.name == wanted }
            guard let made else {
                throw HypervisorError(
                    code: .noSnapshot, message: "it vanished", operation: "find the snapshot \"\(wanted)\"")
            }
            return made
        }
    }

    /// Brings the VM back to a snapshot; what it is now is lost.
    /// - Parameters:
    ///   - start: have it run afterwards, whatever it did then.
    ///   - force: replace the running process where libvirt cannot bring it back as it is.
    /// - Returns: what the VM does now; and the disks that it had got since, whose volumes nobody has any more.
    package func revert(
        _ name: String, to snapshot: String, start: Bool = false, force: Bool = false, assumedAbsent: [String]? = nil
    ) async throws -> (state: DomainState, warnings: [Diagnostic]) {
        try await work("revert", snapshot, on: name, assumedAbsent) { held in
            try await Self.demand(snapshot, of: held)
        } prepare: { held, log in
            try await Self.mark(held, log)
        } act: { held throws(HypervisorError) in
            let before = try await Self.own(held)
            try await held.connection.revert(held.domain, to: snapshot, running: start ? true : nil, force: force)
            let state = try await held.connection.state(held.domain)
            let now = (try? await Self.own(held)) ?? before
            let left = before.filter { volume in !now.contains { $0.path == volume.path } }
            return (state, left.map { Self.left($0, snapshot, held) })
        }
    }

    private static func own(_ held: HeldMachine) async throws(HypervisorError) -> [VolumeInfo] {
        let description = try await held.connection.description(of: held.domain, .inactive)
        return try await MachineDisk.all(of: description, over: held.connection).filter(\.isOwn).compactMap(\.volume)
    }

    private static func left(_ volume: VolumeInfo, _ snapshot: String, _ held: HeldMachine) -> Diagnostic {
        .warning(
            "the volume \"\(volume.name)\" stays in pool \"\(volume.pool ?? "")\"",
            detail: "\"\(held.name)\" had no such disk when \"\(snapshot)\" was made",
            hint: "if nobody needs it: `drover pool volume delete \(volume.pool ?? "") \(volume.name) "
                + "-t \(held.found.host.name)`",
            host: held.found.host.name)
    }

    /// Removes a snapshot; the VM stays as it is.
    package func delete(_ snapshot: String, of name: String, assumedAbsent: [String]? = nil) async throws {
        try await work("delete", snapshot, on: name, assumedAbsent) { held in
            try await Self.demand(snapshot, of: held)
        } act: { held throws(HypervisorError) in
            _ = try await held.connection.deleteSnapshot(snapshot, of: held.domain)
        }
    }

    private func work<Answer: Sendable>(
        _ verb: String, _ snapshot: String, on name: String, _ assumedAbsent: [String]?,
        refuse: (HeldMachine) async throws -> Void,
        prepare: (HeldMachine, OperationLog) async throws -> Void = { _, _ in },
        act: (HeldMachine) async throws(HypervisorError) -> Answer
    ) async throws -> Answer {
        try await MachineHold(context, driver: driver).with(name, for: "snapshot", assumedAbsent: assumedAbsent) {
            held in
            try held.found.host.require(.snapshots)
            try await refuse(held)
            let log = try Journal(context.directory).begin(
                "snapshot", held.fields(("verb", Value(verb)), ("snapshot", Value(snapshot))))
            do {
                try await prepare(held, log)
                let answer = try await act(held)
                try? log.record("finished")
                return answer
            } catch {
                // A lost connection leaves it open: what the host did is not known.
                if (error as? HypervisorError)?.isConnectionLoss != true {
                    await Task { try? await Self.unmark(held, log) }.value
                    try? log.record("undone")
                }
                throw error
            }
        }
    }

    /// Has the guest's agent write out what the guest holds back. It is not frozen while the snapshot is made: its memory
    /// is kept with its disks, and would be frozen again whenever the snapshot is brought back.
    private static func writeOut(_ held: HeldMachine, _ log: OperationLog) async throws {
        guard held.found.machine.state.activity == .running else { return }
        try log.record("freezing")
        do throws(HypervisorError) {
            try await held.connection.freeze(held.domain)
            await Task { try? await held.connection.thaw(held.domain) }.value
        } catch {
            // No agent; or one so slow that nobody knows what it has done.
            if error.code == .timedOut { try await held.connection.thaw(held.domain) }
        }
        try log.record("thawed")
    }

    /// Notes the operation in the VM. It is gone again as soon as the snapshot's own definition is the VM's: that tells
    /// whether a VM that was at this snapshot before has been brought back to it.
    private static func mark(_ held: HeldMachine, _ log: OperationLog) async throws {
        var metadata = held.found.machine.metadata ?? DomainMetadata()
        metadata.operation = log.id
        try await held.connection.setMetadata(held.domain, metadata)
        try log.record("marked")
    }

    private static func unmark(_ held: HeldMachine, _ log: OperationLog) async throws {
        guard try await held.connection.metadata(held.domain)?.operation == log.id else { return }
        try await held.connection.setMetadata(held.domain, held.found.machine.metadata)
    }

    /// What the hosts have of it decides. A call that is still at work there is waited for.
    func settle(_ record: OperationRecord) async throws -> String {
        let log = Journal(context.directory).resume(record)
        return try await MachineHold(context, driver: driver).settling(record) { connection, machine in
            var isDone = false
            if let machine, let name = record["snapshot"]?.string {
                let domain = DomainReference.uuid(machine.uuid)
                try await connection.waitForJobs(domain)
                let steps = record.steps.compactMap { $0["step"]?.string }
                if steps.contains("freezing"), !steps.contains("thawed") { try? await connection.thaw(domain) }
                let snapshot = try await connection.snapshots(of: domain).first { $0.name == name }
                switch record["verb"]?.string {
                case "create": isDone = snapshot != nil
                case "revert":
                    let isMarked = try await connection.metadata(domain)?.operation == record.id
                    isDone = steps.contains("marked") && !isMarked && snapshot?.isCurrent == true
                default: isDone = snapshot == nil
                }
            }
            try log.record(isDone ? "finished" : "undone")
            return isDone ? "finished" : "undone"
        }
    }

    /// libvirt would refuse these too, at its end and in its own words.
    private static func refuse(_ description: DomainDescription, _ held: HeldMachine) throws(Diagnostics) {
        var problems: [Diagnostic] = []
        let host = held.found.host.name
        if description.nvram != nil {
            problems.append(
                .error(
                    "\"\(held.name)\" starts by UEFI, whose variables a snapshot cannot hold",
                    hint: "keep a copy instead: `drover vm clone \(held.name)`", host: host))
        }
        for disk in description.disks where disk.device == .disk && !disk.isReadOnly {
            guard let path = disk.source?.path else {
                problems.append(
                    .error("the disk \(disk.target) of \"\(held.name)\" is on the network", host: host))
                continue
            }
            guard disk.format != "qcow2" else { continue }
            problems.append(
                .error(
                    "the disk \(disk.target) of \"\(held.name)\" is \(disk.format ?? "of no known format")",
                    detail: "only qcow2 disks hold snapshots; this one is \(path)",
                    hint: "keep a copy instead: `drover vm clone \(held.name)`", host: host))
        }
        if held.isActive, description.pluggedCPUs > 0 {
            problems.append(
                .error(
                    "processors were plugged into \"\(held.name)\" while it ran",
                    detail: "QEMU could not bring its memory back", hint: "stop it and start it again first", host: host
                ))
        }
        if held.isActive, let device = (description.hostDevices + description.sharedDirectories).first {
            problems.append(
                .error("\"\(held.name)\" holds a \(device)", hint: "stop it first", host: host))
        }
        if let found = Diagnostics(problems) { throw found }
    }

    private static func demand(_ snapshot: String, of held: HeldMachine) async throws {
        let all = try await held.connection.snapshots(of: held.domain)
        guard !all.contains(where: { $0.name == snapshot }) else { return }
        throw missing(snapshot, of: held.name, all)
    }

    private static func missing(_ snapshot: String, of name: String, _ all: [DomainSnapshot]) -> Diagnostics {
        let names = all.map(\.name)
        return Diagnostics(
            .error(
                "\"\(name)\" has no snapshot \"\(snapshot)\"",
                detail: names.isEmpty ? "it has none" : "it has \(names.joined(separator: ", "))",
                hint: NearestName.hint(for: snapshot, among: names)))
    }
}

extension DomainSnapshot {
    /// For programs.
    package var value: Value {
        Value(
            Mapping([
                ("name", Value(name)), ("created", Value(Clock.iso(created))), ("state", Value(state)),
                ("memory", Value(hasMemory)), ("current", Value(isCurrent)),
                ("parent", parent.map { Value($0) } ?? .null), ("note", note.map { Value($0) } ?? .null),
                ("disks", Value(disks.filter { $0.kind != "no" }.map { Value($0.target) })),
            ]))
    }
}
