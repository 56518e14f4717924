internal import Hypervisor
internal import Inventory
package import Values

/// Starting and stopping VMs, and removing them with what is theirs.
package struct MachinePower: Sendable {
    private let context: FleetContext
    private let driver: any HypervisorDriver

    package init(_ context: FleetContext, driver: any HypervisorDriver) {
        self.context = context
        self.driver = driver
    }

    /// What came of an act on one VM.
    package struct Outcome: Sendable {
        /// As it was asked for.
        package let name: String
        package let host: String?
        /// What is so now, such as `running`; nil for a failure.
        package let result: String?
        package let problem: HostProblem?

        package var value: Value {
            var fields = Mapping([("name", Value(name)), ("host", host.map { Value($0) } ?? .null)])
            fields["result"] = result.map { Value($0) } ?? "failed"
            if let problem { fields["problem"] = Value(problem.diagnostic.summary) }
            return Value(fields)
        }
    }

    /// Does the same to several VMs at once; what happens to one does not hold up the others.
    package func act(_ act: PowerAct, on names: [String]) async throws -> [Outcome] {
        let answers = await MachineCensus(context, driver: driver).take()
        if act.needsEveryHost { for answer in answers { _ = try answer.machines.get() } }
        return await fanOut(names, limit: context.parallel) { name in
            do {
                let found = try MachineCensus.one(name, among: answers)
                return await self.act(act, on: found, calledBy: name)
            } catch {
                return Outcome(name: name, host: nil, result: nil, problem: HostProblem(error))
            }
        }
    }

    private func act(_ act: PowerAct, on found: MachineCensus.Found, calledBy name: String) async -> Outcome {
        do {
            let result = try await MachineHold(context, driver: driver).with(found) { held in
                try await act.perform(on: held)
            }
            return Outcome(name: name, host: found.host.name, result: result, problem: nil)
        } catch {
            return Outcome(name: name, host: found.host.name, result: nil, problem: HostProblem(error))
        }
    }

    /// Does it to one VM.
    /// - Returns: what is so now.
    @discardableResult
    package func act(_ act: PowerAct, on name: String) async throws -> String {
        try await MachineHold(context, driver: driver).with(name, surely: act.needsEveryHost) { held in
            try await act.perform(on: held)
        }
    }

    /// What deleting a VM would remove: the volumes that were made for it, in whatever pool. Its base images, and whatever
    /// else is attached to it, are not among them.
    package func remains(of name: String) async throws -> (found: MachineCensus.Found, volumes: [String]) {
        let found = try await MachineCensus(context, driver: driver).find(name)
        let connection = try await driver.connect(to: found.host)
        do throws(HypervisorError) {
            let description = try await connection.description(of: .uuid(found.machine.uuid), .inactive)
            let disks = try await MachineDisk.all(of: description, over: connection)
            await connection.close()
            return (found, disks.filter(\.isOwn).compactMap { $0.volume?.path })
        } catch {
            await connection.close()
            throw HostProblem(error, host: found.host.name)
        }
    }

    /// Removes a VM and the volumes that are its own.
    /// - Parameter force: stop it first if it runs.
    package func delete(_ found: MachineCensus.Found, volumes: [String], force: Bool) async throws {
        let machine = found.machine
        let lock = try OperationLock(context.directory, machine: machine.name)
        defer { withExtendedLifetime(lock) {} }
        let journal = Journal(context.directory)
        // Asked again under the lock: it may have been moved or started since its user was asked.
        let now = try await MachineCensus(context, driver: driver).findSurely(machine.uuid)
        guard now.host.name == found.host.name else {
            throw Diagnostics(.error("\"\(machine.name)\" has moved to \(now.host.name) meanwhile", hint: "try again"))
        }
        if now.machine.state.isActive && !force {
            throw Diagnostics(
                .error(
                    "\"\(machine.name)\" is \(now.machine.state.activity.name)",
                    hint: "stop it first, or add --force", host: found.host.name))
        }
        try journal.refuseUnsettled(machine.uuid)
        let connection = try await driver.connect(to: found.host)
        do {
            let log = try journal.begin(
                "delete",
                Mapping([
                    ("vm", Value(machine.name)), ("uuid", Value(machine.uuid)), ("host", Value(found.host.name)),
                    ("volumes", Value(volumes.map { Value($0) })),
                ]))
            if let there = try await connection.domain(.uuid(machine.uuid)) {
                if there.state.isActive { try await connection.destroy(.uuid(machine.uuid)) }
                try await connection.undefine(.uuid(machine.uuid))
            }
            try await Self.removeVolumes(volumes, over: connection)
            try log.record("finished")
            await connection.close()
        } catch let error as HypervisorError {
            await connection.close()
            throw HostProblem(error, host: found.host.name)
        } catch {
            await connection.close()
            throw error
        }
    }

    static func removeVolumes(_ paths: [String], over connection: HypervisorConnection) async throws(HypervisorError) {
        for path in paths {
            guard let volume = try await connection.volume(path: path), let pool = volume.pool else { continue }
            _ = try await connection.deleteVolume(volume.name, in: pool)
        }
    }
}

extension HostProblem {
    /// Any error of an act on one of several VMs, as what is told of that one.
    init(_ error: any Error) {
        switch error {
        case let problem as HostProblem: self = problem
        case let found as Diagnostics:
            self.init(.failed, found.all.first ?? .error("it failed"))
        case let locked as OperationLocked: self.init(.failed, locked.diagnostic)
        case let file as FileError: self.init(.failed, file.diagnostic)
        default: self.init(.failed, .error("\(error)"))
        }
    }
}
