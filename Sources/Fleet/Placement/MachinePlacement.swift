internal import Hypervisor
package import Inventory
package import Values

/// Chooses hosts for VMs: asks every hypervisor what it has, excludes those that cannot have the VM, and takes the best
/// of the rest.
package struct MachinePlacement: Sendable {
    /// The pool that Drover makes where there is none.
    static let standardPool = "default"

    private let context: FleetContext
    private let driver: any HypervisorDriver

    package init(_ context: FleetContext, driver: any HypervisorDriver) {
        self.context = context
        self.driver = driver
    }

    /// A host for a VM that is to be made.
    package struct Choice: Sendable {
        package let host: Host
        /// What speaks against a host that was insisted on.
        package let warnings: [Diagnostic]
    }

    /// The host for one VM: the one that its spec names, if nothing makes that impossible, else the best.
    /// - Parameter survey: what ``survey(for:)`` told.
    /// - Throws: `Diagnostics` naming what excluded each host; ``HostProblem`` when the one named does not answer.
    package func choose(_ spec: MachineSpec, in survey: FleetSurvey) throws -> Choice {
        let named = survey.answers.first { $0.host.name == spec.host }
        if case .failure(let problem)? = named?.stock { throw problem }
        guard let placing = try place([spec], in: survey).first, let name = placing.host else {
            throw Diagnostics(.error("there is no hypervisor", hint: "`drover apply` makes hypervisors of hosts"))
        }
        return Choice(host: try context.host(named: name), warnings: placing.warnings)
    }

    /// The same, where only is known which VMs there are: the hosts that answered are asked what they have.
    package func choose(_ spec: MachineSpec, census: [MachineCensus.Answer]) async throws -> Choice {
        var silent: [StockGathering.Answer] = []
        for answer in census {
            guard case .failure(let problem) = answer.machines else { continue }
            silent.append(.init(host: answer.host, census: answer, stock: .failure(problem)))
        }
        let asked = census.map(\.host).filter { host in !silent.contains { $0.host.name == host.name } }
        var survey = await survey([spec], hosts: asked, places: spec.host.map { [$0] })
        survey.answers += silent
        let choice = try choose(spec, in: survey)
        try refuseImpossible(spec, on: choice.host.name, in: survey)
        return choice
    }

    /// - Throws: `Diagnostics` for what would stop a new VM's creation on a host before anything is made: disks that cannot
    ///   be, pools that are not there, volumes that are there already.
    func refuseImpossible(_ spec: MachineSpec, on name: String, in survey: FleetSurvey) throws {
        guard spec.rootTree == nil, let answer = survey.answers.first(where: { $0.host.name == name }),
            case .success = answer.stock
        else { return }
        var pools = Dictionary(answer.pools.map { ($0.name, $0) }) { first, _ in first }
        if pools[MachineParts.standardPool]?.isActive != true {
            pools[MachineParts.standardPool] = PoolInfo(
                name: MachineParts.standardPool, path: MachineParts.standardPoolPath)
        }
        let images = ImageStore(context.directory)
        let layout = try MachineLayout(spec, on: answer.host, pools: pools) { try images.find($0) }
        let taken = layout.volumes.filter(answer.volumes.contains)
        if let found = Diagnostics(taken.map { $0.taken(on: answer.host) }) { throw found }
    }

    /// What is to be known for one new VM: which VMs every hypervisor has, and what those have where it may be made.
    /// - Parameter keepsConnections: leave those to the places open, for the one that is chosen to be used further;
    ///   ``FleetSurvey/close(except:)`` closes the others.
    package func survey(for spec: MachineSpec, keepsConnections: Bool = false) async -> FleetSurvey {
        await survey([spec], places: spec.host.map { [$0] }, keepsConnections: keepsConnections)
    }

    /// What every hypervisor (or those named) has, as far as these VMs are concerned.
    /// - Parameter details: whether those of them that are there already are to be looked at closely.
    package func survey(
        _ specs: [MachineSpec], hosts: [Host]? = nil, details: Bool = false, places: Set<String>? = nil,
        keepsConnections: Bool = false
    ) async -> FleetSurvey {
        let began = Clock.monotonic
        let hosts = hosts ?? context.inventory.hosts
        var wants = StockGathering.Wants()
        wants.places = places
        wants.keepsConnections = keepsConnections
        if details { wants.machines = Set(specs.map(\.name)) }
        for spec in specs {
            if case .model = spec.cpu { wants.processors = true }
            for host in hosts { wants.pools.formUnion((try? spec.disks(on: host))?.compactMap(\.pool) ?? []) }
        }
        return FleetSurvey(
            answers: await StockGathering(context, driver: driver).gather(hosts, wants), began: began)
    }

    /// Places VMs together, the large ones first, and gives where each goes in the order they were given.
    /// - Throws: `Diagnostics` when one of them can be nowhere, or its target expression or image is wrong.
    package func place(_ specs: [MachineSpec], in survey: FleetSurvey) throws -> [MachinePlacing] {
        let placings = try explain(specs, in: survey)
        if let found = Diagnostics(placings.filter { $0.host == nil }.map(\.refusal)) { throw found }
        return placings
    }

    /// The same, with nil for the host of a VM that can be nowhere.
    package func explain(_ specs: [MachineSpec], in survey: FleetSurvey) throws -> [MachinePlacing] {
        let hosts = survey.answers.map(\.host)
        var round = PlacementRound(
            try survey.answers.map { answer throws(Diagnostics) in
                let ratios = try OvercommitRatios(vars: answer.host.vars)
                let stock = answer.stock.mapError(\.diagnostic)
                return .init(host: answer.host.name, stock: stock, ratios: ratios)
            })
        let images = ImageStore(context.directory)
        var placings: [Int: MachinePlacing] = [:]
        for index in Self.order(specs) {
            placings[index] = round.place(try request(specs[index], hosts, images))
        }
        return specs.indices.compactMap { placings[$0] }
    }

    /// Those whose host is given first, as they have no choice, then the large ones, then by name.
    static func order(_ specs: [MachineSpec]) -> [Int] {
        specs.indices.sorted { left, right in
            let (one, other) = (specs[left], specs[right])
            if (one.host != nil) != (other.host != nil) { return one.host != nil }
            if one.memory.bytes != other.memory.bytes { return one.memory.bytes > other.memory.bytes }
            return one.name < other.name
        }
    }

    private func request(_ spec: MachineSpec, _ hosts: [Host], _ images: ImageStore) throws -> PlacementRound.Request {
        let image = try spec.image.map { try images.find($0) }
        if let name = spec.host {
            let host = try context.host(named: name)
            guard host.isHypervisor else {
                throw Diagnostics(.error("\"\(name)\" is no hypervisor", hint: "give it the role \"hypervisor\""))
            }
        }
        let demands = hosts.map { host in
            (
                host.name,
                Result { () throws(Diagnostics) in
                    if spec.rootTree == nil {
                        try host.require(.disks)
                    } else {
                        try ContainerCreation.check(spec, on: host)
                    }
                    return try MachineDemand(spec, on: host, image: image)
                }
            )
        }
        let allowed = try spec.place.map { Set(try context.hosts($0).map(\.name)) }
        return PlacementRound.Request(
            name: spec.name, demands: Dictionary(demands) { first, _ in first }, allowed: allowed, place: spec.place,
            fixed: spec.host)
    }
}

/// What every hypervisor answered, taken once and used for everything that is then to be decided.
package struct FleetSurvey: Sendable {
    var answers: [StockGathering.Answer]
    /// When asking began, by ``Clock/monotonic``.
    let began: UInt64

    /// Which VMs there are and where.
    package var census: [MachineCensus.Answer] { answers.map(\.census) }

    /// The VMs of all hosts that answered.
    package var present: [PresentMachine] { answers.flatMap(\.present) }

    /// Why some did not.
    package var problems: [HostProblem] {
        answers.compactMap { if case .failure(let problem) = $0.stock { problem } else { nil } }
    }

    /// Closes the connections that were left open.
    func close(except host: String? = nil) async {
        let others = answers.filter { $0.host.name != host }.compactMap { $0.open?.connection }
        _ = await fanOut(others, limit: others.count) { await $0.close() }
    }
}

extension MachinePlacing {
    /// What its user should know who insisted on this host.
    package var warnings: [Diagnostic] {
        let unknown = verdicts.first { $0.host == host }?.unknown ?? []
        return overruled.map { .warning("\"\(name)\" would not be placed here: \($0.text)", host: host) }
            + unknown.map { .warning("\"\(name)\" is placed without knowing all of the host: \($0)", host: host) }
    }
}
