internal import Hypervisor
internal import Inventory
package import Values

/// Starting and stopping VMs.
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
