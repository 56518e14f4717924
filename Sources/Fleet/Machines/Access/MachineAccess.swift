internal import Hypervisor
internal import Inventory
package import Values

/// What ways into a VM have in common: finding it, and its host's answer about it.
package struct MachineAccess: Sendable {
    private let context: FleetContext
    private let driver: any HypervisorDriver

    package init(_ context: FleetContext, driver: any HypervisorDriver) {
        self.context = context
        self.driver = driver
    }

    /// Where the VM is. Hosts that do not answer hold nobody up: looking at a VM does no harm, wherever else it may be.
    /// - Throws: `Diagnostics` when no host that answers has it.
    package func find(_ name: String) async throws -> MachineCensus.Found {
        try await MachineCensus(context, driver: driver).locate(name)
    }

    /// The same, of one that runs.
    package func findRunning(_ name: String) async throws -> MachineCensus.Found {
        let found = try await find(name)
        guard found.machine.state.isActive else {
            throw Diagnostics(
                .error(
                    "\"\(found.machine.name)\" is \(found.machine.state.activity.name)",
                    hint: "`drover vm start \(found.machine.name)` starts it", host: found.host.name))
        }
        return found
    }

    /// Its guest's addresses; its host's network is asked when nobody else knows one.
    /// - Throws: `Diagnostics` when it is off, ``HostProblem``.
    package func addresses(of found: MachineCensus.Found) async throws -> [GuestAddress] {
        guard found.machine.state.isActive else { return [] }
        let connection = try await driver.connect(to: found.host)
        do {
            let addresses = try await MachineAddresses(
                context, host: found.host, machine: found.machine, connection: connection
            ).found()
            await connection.close()
            return addresses
        } catch let error as HypervisorError {
            await connection.close()
            throw HostProblem(error, host: found.host.name)
        } catch {
            await connection.close()
            throw error
        }
    }
}

extension GuestAddress {
    /// Stable API: programs read these keys.
    package var value: Value {
        ["address": Value(address), "mac": mac.map { Value($0) } ?? .null, "source": Value(source.rawValue)]
    }
}
