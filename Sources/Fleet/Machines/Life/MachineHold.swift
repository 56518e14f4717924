internal import Hypervisor
internal import Inventory
internal import Values

/// A VM that one operation works on: nobody else of this fleet directory does meanwhile, no earlier operation on it is
/// unsettled, and it was seen on its host under the lock.
struct HeldMachine: Sendable {
    let found: MachineCensus.Found
    let connection: HypervisorConnection
    let lock: OperationLock
    /// The same on the hosts, for other controllers.
    let hold: HostHold
    var name: String { found.machine.name }
    var domain: DomainReference { .uuid(found.machine.uuid) }
    var isActive: Bool { found.machine.state.isActive }

    /// The fields that every operation on one VM begins with.
    func fields(_ more: (String, Value)...) -> Mapping {
        Mapping(
            [("vm", Value(name)), ("uuid", Value(found.machine.uuid)), ("host", Value(found.host.name))] + more)
    }
}

/// Takes hold of VMs.
struct MachineHold: Sendable {
    let context: FleetContext
    let driver: any HypervisorDriver

    init(_ context: FleetContext, driver: any HypervisorDriver) {
        self.context = context
        self.driver = driver
    }

    /// Looks for the VM and holds it while `body` is at work.
    /// - Parameters:
    ///   - operation: what is done to it, for others who want it meanwhile.
    ///   - surely: no other host may have it, because a second VM of this name elsewhere would do harm.
    ///   - assumedAbsent: hosts that do not answer and are said not to have it; nil where nobody can say so.
    func with<Answer: Sendable>(
        _ name: String, for operation: String, surely: Bool = true, assumedAbsent: [String]? = nil,
        _ body: (HeldMachine) async throws -> Answer
    ) async throws -> Answer {
        let census = MachineCensus(context, driver: driver)
        let found =
            surely
            ? try await census.findSurely(name, assumedAbsent: assumedAbsent) : try await census.find(name)
        return try await with(found, for: operation, body)
    }

    /// Holds a VM that was found.
    /// - Throws: `Diagnostics` when it is not where it was found any more; ``OperationLocked``.
    func with<Answer: Sendable>(
        _ found: MachineCensus.Found, for operation: String, _ body: (HeldMachine) async throws -> Answer
    ) async throws -> Answer {
        let lock = try OperationLock(context.directory, machine: found.machine.name)
        defer { withExtendedLifetime(lock) {} }
        try Journal(context.directory).refuseUnsettled(found.machine.uuid)
        let wish = HostLocks.Wish(machine: found.machine.name, operation: operation, on: [found.host])
        let pending = PendingHold(context, wish)
        return try await pending.during {
            let connection = try await driver.connect(to: found.host)
            do {
                let hold = try await pending.value
                // Seen before the locks were taken: it may have been moved, renamed or deleted since.
                guard let now = try await connection.domain(.uuid(found.machine.uuid)), now.name == found.machine.name
                else {
                    throw Diagnostics(
                        .error("\"\(found.machine.name)\" is not on \(found.host.name) any more", hint: "try again"))
                }
                let held = HeldMachine(
                    found: MachineCensus.Found(host: found.host, machine: now), connection: connection, lock: lock,
                    hold: hold)
                let answer = try await body(held)
                await connection.close()
                return answer
            } catch let error as HypervisorError {
                await connection.close()
                throw HostProblem(error, host: found.host.name)
            } catch {
                await connection.close()
                throw error
            }
        }
    }

    /// Holds the VM of an operation that is to be settled, whose lock the caller has.
    /// - Returns: nil when the host has it no more.
    func settling<Answer: Sendable>(
        _ record: OperationRecord, _ body: (HypervisorConnection, DomainSummary?) async throws -> Answer
    ) async throws -> Answer {
        guard let uuid = record["uuid"]?.string, let host = record["host"]?.string else {
            throw Diagnostics(.error("the journal of \(record.id) is incomplete"))
        }
        let connection = try await driver.connect(to: try context.host(named: host))
        do {
            let answer = try await body(connection, try await connection.domain(.uuid(uuid)))
            await connection.close()
            return answer
        } catch let error as HypervisorError {
            await connection.close()
            throw HostProblem(error, host: host)
        } catch {
            await connection.close()
            throw error
        }
    }
}
