internal import Hypervisor
internal import Inventory
internal import Values

/// The two hosts of a migration, each with its libvirt and its shell.
struct MigrationHosts: Sendable {
    struct Side: Sendable {
        let host: Host
        let hypervisor: HypervisorConnection
        let connection: any HostConnection
        /// Scripts run over this one channel, one round trip each.
        let channel: RunChannel
        /// What the journal says is on the hosts before anything is done there.
        let mirror: JournalMirror

        /// Runs a script on this host.
        @discardableResult
        func run(
            _ body: String, _ variables: [(String, String)] = [], arguments: [String] = [], doing: String
        ) async throws(HostProblem) -> String {
            await mirror.flush()
            return try await HostScript(variables: variables, arguments: arguments, body).run(
                over: channel, doing: doing)
        }

        /// Gives libvirt's errors the host's name.
        func ask<Answer>(
            _ body: (HypervisorConnection) async throws(HypervisorError) -> Answer
        ) async throws(HostProblem) -> Answer {
            await mirror.flush()
            do throws(HypervisorError) {
                return try await body(hypervisor)
            } catch {
                throw HostProblem(error, host: host.name)
            }
        }

        func close() async {
            await channel.bye()
            await connection.close()
            await hypervisor.close()
        }
    }

    let source: Side
    let destination: Side
    /// The locks on the VM, let go of when all is closed.
    private(set) var hold: HostHold?

    static func connect(
        from source: Host, to destination: Host, connector: any Connector, driver: any HypervisorDriver
    ) async throws(HostProblem) -> MigrationHosts {
        let mirror = JournalMirror()
        async let other = outcome(destination, connector, driver, mirror)
        let first = await outcome(source, connector, driver, mirror)
        let second = await other
        do {
            return MigrationHosts(source: try first.get(), destination: try second.get(), hold: nil)
        } catch {
            await (try? first.get())?.close()
            await (try? second.get())?.close()
            throw error
        }
    }

    /// The same, with the VM locked on both hosts and at its home.
    /// - Parameter found: where it was seen before; nothing of that may have changed by the time that it is locked.
    static func connect(
        to destination: Host, locking found: MachineCensus.Found, context: FleetContext,
        driver: any HypervisorDriver
    ) async throws -> MigrationHosts {
        var hosts = try await connect(from: found.host, to: destination, connector: context.connector, driver: driver)
        do {
            try await hosts.lock(found.machine.name, context)
            let now = try await hosts.source.ask { hypervisor throws(HypervisorError) in
                try await hypervisor.domain(.uuid(found.machine.uuid))
            }
            guard let now, now.name == found.machine.name, now.state.isActive == found.machine.state.isActive else {
                throw Diagnostics(
                    .error(
                        "\"\(found.machine.name)\" is not on \(found.host.name) any more as it was", hint: "try again"))
            }
            return hosts
        } catch {
            await hosts.close()
            throw error
        }
    }

    /// The same for an operation that was begun before.
    /// - Throws: `Diagnostics` when another controller has settled it; its record is closed then.
    static func connect(
        from source: Host, to destination: Host, settling record: OperationRecord, _ name: String,
        context: FleetContext, driver: any HypervisorDriver
    ) async throws -> MigrationHosts {
        var hosts = try await connect(
            from: source, to: destination, connector: context.connector, driver: driver)
        do {
            try await hosts.lock(name, settling: record.id, context)
            return hosts
        } catch {
            await hosts.close()
            throw error
        }
    }

    /// Over the connections that are open.
    /// - Parameter settles: the operation that is to be settled.
    mutating func lock(_ name: String, settling settles: String? = nil, _ context: FleetContext) async throws {
        var wish = HostLocks.Wish(machine: name, operation: "migrate", on: [source.host, destination.host])
        wish.settles = settles
        wish.open = [source.host.name: source.connection, destination.host.name: destination.connection]
        let hold = try await HostLocks(context).take(wish)
        self.hold = hold
        await source.mirror.begin(hold, on: wish.hosts.map(\.name), subject: wish.subject)
    }

    /// The log of an operation that is beginning, kept on both hosts too.
    func mirrored(_ log: OperationLog) async throws(FileError) -> OperationLog {
        var log = log
        log.mirror = source.mirror
        for step in log.folder.read(log.id)?.steps ?? [] {
            source.mirror.add(JSON.write(Value(step), pretty: false), of: log.id)
        }
        if await source.mirror.flush() { try log.record(Self.told) }
        return log
    }

    /// The log of one that is to be settled.
    func resumed(_ log: OperationLog) -> OperationLog {
        var log = log
        log.mirror = source.mirror
        return log
    }

    /// The step by which both hosts know of the operation, until it is settled.
    private static let told = "told"

    /// Whether another controller has settled it: both hosts knew of it, and neither does any more.
    func isSettledElsewhere(_ record: OperationRecord) -> Bool {
        let parts = (hold?.parts ?? []).filter { [source.host.name, destination.host.name].contains($0.host.name) }
        return record.steps.contains { $0["step"]?.string == Self.told } && parts.count == 2
            && parts.allSatisfy { !$0.unsettled.contains(record.id) }
    }

    private static func outcome(
        _ host: Host, _ connector: any Connector, _ driver: any HypervisorDriver, _ mirror: JournalMirror
    ) async -> Result<Side, HostProblem> {
        do throws(HostProblem) {
            return .success(try await side(host, connector, driver, mirror))
        } catch {
            return .failure(error)
        }
    }

    private static func side(
        _ host: Host, _ connector: any Connector, _ driver: any HypervisorDriver, _ mirror: JournalMirror
    ) async throws(HostProblem) -> Side {
        let hypervisor = try await driver.connect(to: host)
        var opened: (any HostConnection)?
        do throws(HostProblem) {
            let connection = try await connector.connect(to: host)
            opened = connection
            let channel = try await RunChannel.open(on: connection, host: host.name)
            return Side(
                host: host, hypervisor: hypervisor, connection: connection, channel: channel, mirror: mirror)
        } catch {
            await opened?.close()
            await hypervisor.close()
            throw error
        }
    }

    func close() async {
        await source.mirror.flush()
        await hold?.release()
        await source.close()
        await destination.close()
    }
}
