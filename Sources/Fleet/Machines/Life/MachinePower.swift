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
        /// Why it failed.
        package let error: (any Error)?

        package var problem: HostProblem? { error.map { HostProblem($0, host: host) } }

        package var value: Value {
            var fields = Mapping([("name", Value(name)), ("host", host.map { Value($0) } ?? .null)])
            fields["result"] = result.map { Value($0) } ?? "failed"
            if let problem { fields["problem"] = Value(problem.diagnostic.summary) }
            return Value(fields)
        }
    }

    /// Does the same to several VMs at once; what happens to one does not hold up the others.
    /// - Parameter assumedAbsent: hosts that do not answer and are said to have none of them; nil where nobody can say so.
    package func act(
        _ act: PowerAct, on names: [String], assumedAbsent: [String]? = nil
    ) async throws -> [Outcome] {
        let census = MachineCensus(context, driver: driver)
        let answers = await census.take()
        return await fanOut(names, limit: context.parallel) { name in
            do {
                let found =
                    act.needsEveryHost
                    ? try census.surely(name, among: answers, assumedAbsent: assumedAbsent)
                    : try MachineCensus.one(name, among: answers)
                return await self.act(act, on: found, calledBy: name)
            } catch {
                return Outcome(name: name, host: nil, result: nil, error: error)
            }
        }
    }

    private func act(_ act: PowerAct, on found: MachineCensus.Found, calledBy name: String) async -> Outcome {
        do {
            let result = try await MachineHold(context, driver: driver).with(found, for: act.word) { held in
                try await act.perform(on: held)
            }
            return Outcome(name: name, host: found.host.name, result: result, error: nil)
        } catch {
            return Outcome(name: name, host: found.host.name, result: nil, error: error)
        }
    }

    /// Does it to one VM.
    /// - Returns: what is so now.
    @discardableResult
    package func act(_ act: PowerAct, on name: String) async throws -> String {
        try await MachineHold(context, driver: driver).with(name, for: act.word, surely: act.needsEveryHost) { held in
            try await act.perform(on: held)
        }
    }
}
