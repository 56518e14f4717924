internal import Hypervisor
package import Inventory
internal import Values

/// Says whether a VM could move to a host, and what stands against it, without moving it.
package struct MigrationChecking: Sendable {
    private let context: FleetContext
    private let driver: any HypervisorDriver
    private let options: MigrationOptions

    package init(_ context: FleetContext, driver: any HypervisorDriver, options: MigrationOptions = MigrationOptions())
    {
        self.context = context
        self.driver = driver
        self.options = options
    }

    /// - Throws: `Diagnostics` when there is no such VM, or it is there already; ``HostProblem`` when a host is silent.
    package func check(_ name: String, to destination: Host) async throws -> MigrationReport {
        let found = try await MachineCensus(context, driver: driver).find(name)
        for host in [found.host, destination] {
            try host.require(found.machine.state.isActive ? .liveMigration : .offlineMigration)
        }
        guard found.host.name != destination.name else {
            throw Diagnostics(.error("\"\(found.machine.name)\" is on \(destination.name) already"))
        }
        let hosts = try await MigrationHosts.connect(
            from: found.host, to: destination, connector: context.connector, driver: driver)
        do {
            let report = try await MigrationPreflight(
                hosts: hosts, machine: found.machine, images: try ImageStore(context.directory).list(),
                options: options
            ).report()
            await hosts.close()
            return report
        } catch {
            await hosts.close()
            throw error
        }
    }
}
