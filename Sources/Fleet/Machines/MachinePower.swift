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
            let tree = [ContainerTree.own(of: found.machine)].compactMap { $0 }
            return (found, disks.filter(\.isOwn).compactMap { $0.volume?.path } + tree)
        } catch {
            await connection.close()
            throw HostProblem(error, host: found.host.name)
        }
    }

    /// Removes a VM and the volumes that are its own.
    /// - Parameter force: stop it first if it runs.
    package func delete(_ found: MachineCensus.Found, volumes: [String], force: Bool) async throws {
        // Asked again, of every host: it may have been moved or started since its user was asked.
        let now = try await MachineCensus(context, driver: driver).findSurely(found.machine.uuid)
        guard now.host.name == found.host.name else {
            throw Diagnostics(
                .error("\"\(found.machine.name)\" has moved to \(now.host.name) meanwhile", hint: "try again"))
        }
        try await MachineHold(context, driver: driver).with(now) { held in
            if held.isActive && !force {
                throw Diagnostics(
                    .error(
                        "\"\(held.name)\" is \(held.found.machine.state.activity.name)",
                        hint: "stop it first, or add --force", host: found.host.name))
            }
            let use = try await VolumeUse.read(held.connection, besides: held.found.machine.uuid)
            if let user = use.users(of: volumes).first {
                throw Diagnostics(
                    .error(
                        "\"\(user.user)\" uses \"\(user.path)\"", detail: "it would be lost with \"\(held.name)\"",
                        hint: "delete that one first", host: found.host.name))
            }
            let layers = volumes.flatMap { use.layers(below: $0) }
            let shared = layers.isEmpty ? nil : try await OperationLock.layers(context.directory, on: found.host.name)
            defer { withExtendedLifetime(shared) {} }
            let log = try Journal(context.directory).begin(
                "delete",
                held.fields(
                    ("volumes", Value(volumes.map { Value($0) })), ("layers", Value(layers.map { Value($0) }))))
            if held.isActive { try await held.connection.destroy(held.domain) }
            try await held.connection.undefine(held.domain)
            try await Self.removeVolumes(volumes, layers: layers, over: held.connection)
            try await ContainerTree.remove(volumes, on: found.host, by: context.connector)
            try log.record("finished")
        }
    }

    /// Removes volumes by their paths, and those of the layers below them that nobody stands on any more.
    static func removeVolumes(
        _ paths: [String], layers: [String] = [], over connection: HypervisorConnection
    ) async throws(HypervisorError) {
        for path in paths {
            guard let volume = try await connection.volume(path: path), let pool = volume.pool else { continue }
            try await connection.removeVolume(volume.name, in: pool)
        }
        try await FrozenLayer.removeUnused(layers, over: connection)
    }
}

extension HostProblem {
    /// Any error of an act on one of several VMs, as what is told of that one.
    package init(_ error: any Error) {
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
