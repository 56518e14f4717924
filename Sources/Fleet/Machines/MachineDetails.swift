internal import Hypervisor
internal import Inventory
package import Values

/// All that is known of one VM.
package struct MachineDetails: Sendable {
    /// What its host says of it.
    private struct Answer: Sendable {
        var description: DomainDescription
        var statistics: DomainStatistics?
        var snapshots: [String]
        var addresses: [GuestAddress]
    }

    private let context: FleetContext
    private let driver: any HypervisorDriver

    package init(_ context: FleetContext, driver: any HypervisorDriver) {
        self.context = context
        self.driver = driver
    }

    /// Within twice the context's time, whatever hangs.
    /// - Throws: `Diagnostics` when there is no such VM, ``HostProblem`` when its host stops answering.
    package func show(_ name: String) async throws -> Value {
        let found = try await MachineCensus(context, driver: driver).locate(name)
        let asked: Result<Answer, HostProblem>? = await within(context.timeout) { await answer(about: found) }
        switch asked {
        case .success(let answer)?: return Value(fields(found, answer))
        case .failure(let problem)?: throw problem
        case nil:
            try Task.checkCancellation()
            throw HostProblem.silent(found.host, after: context.timeout)
        }
    }

    private func answer(about found: MachineCensus.Found) async -> Result<Answer, HostProblem> {
        let domain = DomainReference.uuid(found.machine.uuid)
        do throws(HostProblem) {
            let connection = try await driver.connect(to: found.host)
            do throws(HypervisorError) {
                let description = try await connection.description(of: domain)
                // Drivers differ in what they count, and none has to.
                let statistics = try? await connection.statistics(of: domain)[found.machine.uuid]
                let snapshots = (try? await connection.snapshots(of: domain))?.map(\.name) ?? []
                let addresses = found.machine.state.isActive ? try await addresses(found, connection) : []
                await connection.close()
                return .success(
                    Answer(
                        description: description, statistics: statistics, snapshots: snapshots, addresses: addresses))
            } catch {
                await connection.close()
                throw HostProblem(error, host: found.host.name)
            }
        } catch {
            return .failure(error)
        }
    }

    /// The host's network is asked too, if there is time for it.
    private func addresses(
        _ found: MachineCensus.Found, _ connection: HypervisorConnection
    ) async throws(HypervisorError) -> [GuestAddress] {
        let addresses = MachineAddresses(context, host: found.host, machine: found.machine, connection: connection)
        let limit = min(context.timeout / 2, .seconds(5))
        if let all = await within(limit, { try? await addresses.found() }) ?? nil { return all }
        return try await addresses.known()
    }

    private func fields(_ found: MachineCensus.Found, _ answer: Answer) -> Mapping {
        let machine = found.machine
        let (description, metadata) = (answer.description, found.machine.metadata)
        let sources = Mapping(answer.addresses.map { ($0.address, Value($0.source.rawValue)) })
        return Mapping([
            ("name", Value(machine.name)), ("uuid", Value(machine.uuid)), ("host", Value(found.host.name)),
            ("state", Value(machine.state.activity.name)), ("reason", Value(machine.state.reasonName)),
            ("cpus", Value(machine.cpus)), ("memory_mib", Value(machine.memoryMiB)),
            ("machine", Value(description.machine)), ("accelerator", Value(description.type)),
            ("autostart", Value(machine.autostart)), ("persistent", Value(machine.persistent)),
            ("owner", Self.text(metadata?.owner)), ("image", Self.text(machine.image)),
            ("profile", Self.text(metadata?.profile)), ("operation", Self.text(metadata?.operation)),
            ("last_operation", lastOperation(machine)), ("host_key", Self.text(metadata?.hostKey)),
            ("addresses", Value(answer.addresses.map { Value($0.address) })), ("address_sources", Value(sources)),
            ("displays", Value(description.displays.map(Self.display))),
            ("agent", Value(description.isAgentConnected)),
            ("snapshots", Value(answer.snapshots.map { Value($0) })),
            ("disks", Value(description.disks.map { Self.disk($0, answer.statistics) })),
            ("interfaces", Value(description.interfaces.map { Self.interface($0, answer.statistics) })),
            ("counters", machine.state.isActive ? answer.statistics.map(Self.counters) ?? .null : .null),
        ])
    }

    /// The latest that this fleet directory's journal tells of it.
    private func lastOperation(_ machine: DomainSummary) -> Value {
        let last = Journal(context.directory).latest {
            guard let begin = $0.steps.first else { return false }
            return begin["uuid"]?.string == machine.uuid || begin["uuid"] == nil && begin["vm"]?.string == machine.name
        }
        guard let last else { return .null }
        return [
            "id": Value(last.id), "kind": Value(last.kind), "started": Value(last.started),
            "last_step": Value(last.lastStep),
        ]
    }

    private static func disk(_ disk: DiskDescription, _ statistics: DomainStatistics?) -> Value {
        let counted = statistics?.disks.first { $0.target == disk.target }
        return Value(
            Mapping([
                ("target", Value(disk.target)), ("device", Value(disk.device.rawValue)), ("bus", text(disk.bus)),
                ("format", text(disk.format)), ("path", text(disk.source?.path)),
                ("backing", Value(disk.backing.compactMap { $0.path.map { Value($0) } })),
                ("capacity", number(counted?.capacity)), ("allocation", number(counted?.allocation)),
                ("read_bytes", number(counted?.readBytes)), ("read_requests", number(counted?.readRequests)),
                ("written_bytes", number(counted?.writtenBytes)), ("write_requests", number(counted?.writeRequests)),
            ]))
    }

    private static func interface(_ interface: InterfaceDescription, _ statistics: DomainStatistics?) -> Value {
        let counted = statistics?.interfaces.first { $0.device == interface.device }
        return Value(
            Mapping([
                ("mac", Value(interface.mac)), ("type", Value(interface.type)), ("source", text(interface.source)),
                ("model", text(interface.model)), ("device", text(interface.device)),
                ("received_bytes", number(counted?.receivedBytes)),
                ("received_packets", number(counted?.receivedPackets)),
                ("receive_errors", number(counted?.receiveErrors)), ("receive_drops", number(counted?.receiveDrops)),
                ("sent_bytes", number(counted?.sentBytes)), ("sent_packets", number(counted?.sentPackets)),
                ("send_errors", number(counted?.sendErrors)), ("send_drops", number(counted?.sendDrops)),
            ]))
    }

    private static func display(_ display: DomainDisplay) -> Value {
        [
            "kind": Value(display.kind.rawValue), "address": Value(display.address),
            "port": display.port.map { Value($0) } ?? .null, "socket": text(display.socket),
        ]
    }

    private static func counters(_ statistics: DomainStatistics) -> Value {
        Value(
            Mapping([
                ("cpu_seconds", statistics.cpuTime.map { Value(Double($0 / 10_000_000) / 100) } ?? .null),
                ("memory_kib", number(statistics.memory)), ("maximum_memory_kib", number(statistics.maximumMemory)),
                ("resident_memory_kib", number(statistics.residentMemory)),
                ("usable_memory_kib", number(statistics.usableMemory)),
            ]))
    }

    private static func text(_ text: String?) -> Value { text.map { Value($0) } ?? .null }
    private static func number(_ number: UInt64?) -> Value {
        number.flatMap { Int(exactly: $0) }.map { Value($0) } ?? .null
    }
}
