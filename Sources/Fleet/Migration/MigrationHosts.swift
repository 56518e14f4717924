internal import Hypervisor
internal import Inventory

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

    static func connect(
        from source: Host, to destination: Host, connector: any Connector, driver: any HypervisorDriver
    ) async throws(HostProblem) -> MigrationHosts {
        async let other = outcome(destination, connector, driver)
        let first = await outcome(source, connector, driver)
        let second = await other
        do {
            return MigrationHosts(source: try first.get(), destination: try second.get())
        } catch {
            await (try? first.get())?.close()
            await (try? second.get())?.close()
            throw error
        }
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
        await source.close()
        await destination.close()
    }
}
