internal import Hypervisor
package import Inventory
package import Values

/// Several VMs at once: one look at the fleet, hosts chosen for all of them together, then each on its own.
package struct CreationBatch: Sendable {
    /// What became of one.
    package struct Outcome: Sendable {
        package let name: String
        package let result: Result<MachineCreation.Created, any Error>

        package init(name: String, result: Result<MachineCreation.Created, any Error>) {
            self.name = name
            self.result = result
        }
    }

    private let context: FleetContext
    private let driver: any HypervisorDriver
    private let say: @Sendable (String) -> Void

    package init(
        _ context: FleetContext, driver: any HypervisorDriver, say: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        self.context = context
        self.driver = driver
        self.say = say
    }

    /// - Returns: what became of each, in order; the failure of one leaves the others alone.
    /// - Throws: what keeps all of them from being begun.
    package func create(_ specs: [MachineSpec], assumedAbsent: [String] = []) async throws -> [Outcome] {
        let problems = specs.flatMap { spec -> [Diagnostic] in
            do throws(Diagnostics) {
                try spec.validate()
                return []
            } catch {
                return error.all
            }
        }
        if let found = Diagnostics(problems) { throw found }
        var specs = specs
        for index in specs.indices {
            for file in specs[index].imageFiles { try await file.takeIn(context, say: say) }
            specs[index].nameImages()
        }
        say("looking for \(specs.count) VMs on every host")
        let placement = MachinePlacement(context, driver: driver)
        let survey = await placement.survey(specs)
        let placings = try placement.place(specs, in: survey)
        let work = try zip(specs, placings).map { spec, placing in
            (spec, try placing.host.map { try context.host(named: $0) })
        }
        let creation = MachineCreation(context, driver: driver, say: say)
        let census = FreshCensus(context, driver: driver, first: survey)
        return await fanOut(work, limit: context.parallel) { spec, host in
            do {
                let created = try await creation.create(
                    spec, on: host, assumedAbsent: assumedAbsent, census: census)
                return Outcome(name: spec.name, result: .success(created))
            } catch {
                return Outcome(name: spec.name, result: .failure(error))
            }
        }
    }

    /// The names that one name and a number stand for: `web[1-3]`, or `web` three times: web-1, web-2, web-3.
    package static func names(_ name: String, count: Int?) throws(Diagnostics) -> [String] {
        let expanded: [String]
        do throws(NameRange.Problem) {
            expanded = try NameRange.expand(name)
        } catch {
            throw Diagnostics(.error(error.message))
        }
        guard let count else { return expanded }
        guard (1...1000).contains(count) else {
            throw Diagnostics(.error("1 to 1000 VMs can be made at once, not \(count)"))
        }
        guard expanded.count == 1 else {
            guard expanded.count == count else {
                throw Diagnostics(
                    .error("\"\(name)\" stands for \(expanded.count) names, and \(count) VMs are to be made"))
            }
            return expanded
        }
        return (1...count).map { "\(name)-\($0)" }
    }
}
