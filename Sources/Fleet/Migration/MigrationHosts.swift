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

        /// Runs a script on this host.
        @discardableResult
        func run(
            _ body: String, _ variables: [(String, String)] = [], arguments: [String] = [], doing: String
        ) async throws(HostProblem) -> String {
            try await HostScript(variables: variables, arguments: arguments, body).run(over: channel, doing: doing)
        }

        /// Gives libvirt's errors the host's name.
        func ask<Answer>(
            _ body: (HypervisorConnection) async throws(HypervisorError) -> Answer
        ) async throws(HostProblem) -> Answer {
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
        async let other = outcome(destination, connector, driver)
        let first = await outcome(source, connector, driver)
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

    /// Over the connections that are open.
    /// - Parameter settles: the operation that is to be settled.
    mutating func lock(_ name: String, settling settles: String? = nil, _ context: FleetContext) async throws {
        var wish = HostLocks.Wish(machine: name, operation: "migrate", on: [source.host, destination.host])
        wish.settles = settles
        wish.open = [source.host.name: source.connection, destination.host.name: destination.connection]
        hold = try await HostLocks(context).take(wish)
    }

    private static func outcome(
        _ host: Host, _ connector: any Connector, _ driver: any HypervisorDriver
    ) async -> Result<Side, HostProblem> {
        do throws(HostProblem) {
            return .success(try await side(host, connector, driver))
        } catch {
            return .failure(error)
        }
    }

    private static func side(
        _ host: Host, _ connector: any Connector, _ driver: any HypervisorDriver
    ) async throws(HostProblem) -> Side {
        let hypervisor = try await driver.connect(to: host)
        var opened: (any HostConnection)?
        do throws(HostProblem) {
            let connection = try await connector.connect(to: host)
            opened = connection
            let channel = try await RunChannel.open(on: connection, host: host.name)
            return Side(host: host, hypervisor: hypervisor, connection: connection, channel: channel)
        } catch {
            await opened?.close()
            await hypervisor.close()
            throw error
        }
    }

    func close() async {
        await hold?.release()
        await source.close()
        await destination.close()
    }
}
