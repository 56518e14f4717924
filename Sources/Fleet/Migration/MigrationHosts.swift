internal import Hypervisor
internal import Inventory

/// The two hosts of a migration, each with its libvirt and its shell.
struct MigrationHosts: Sendable {
    struct Side: Sendable {
        let host: Host
        let hypervisor: HypervisorConnection
        let shell: any HostConnection

        /// Runs a script on this host.
        @discardableResult
        func run(
            _ body: String, _ variables: [(String, String)] = [], doing: String
        ) async throws(HostProblem) -> String {
            try await HostScript(variables: variables, body).run(on: shell, host: host.name, doing: doing)
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
            await hypervisor.close()
            await shell.close()
        }
    }

    let source: Side
    let destination: Side

    static func connect(
        from source: Host, to destination: Host, connector: any Connector, driver: any HypervisorDriver
    ) async throws(HostProblem) -> MigrationHosts {
        let first = try await side(source, connector, driver)
        do {
            return MigrationHosts(source: first, destination: try await side(destination, connector, driver))
        } catch {
            await first.close()
            throw error
        }
    }

    private static func side(
        _ host: Host, _ connector: any Connector, _ driver: any HypervisorDriver
    ) async throws(HostProblem) -> Side {
        let hypervisor = try await driver.connect(to: host)
        do {
            return Side(host: host, hypervisor: hypervisor, shell: try await connector.connect(to: host))
        } catch {
            await hypervisor.close()
            throw error
        }
    }

    func close() async {
        await source.close()
        await destination.close()
    }
}
