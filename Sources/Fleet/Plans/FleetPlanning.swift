internal import Inventory
internal import Values

/// Compares the VMs of the files with those of the hosts, and decides where new ones go.
package struct FleetPlanning: Sendable {
    package struct Options: Sendable {
        /// VMs of the files to look at; empty for all.
        package var names: [String] = []
        /// VMs in no file that may be deleted.
        package var deletable: [String] = []
        /// Hosts that do not answer and are said to have none of the VMs that are missing.
        package var assumedAbsent: Set<String> = []
        /// What hosts whose libvirt does not answer told otherwise: all VMs that each has.
        var holdings: [String: Set<String>] = [:]
        /// The plan is for these hosts only, or VMs of these names; nil for all.
        package var only: Set<String>?

        package init() {}
    }

    private let context: FleetContext
    private let driver: any HypervisorDriver
    private let options: Options

    package init(_ context: FleetContext, driver: any HypervisorDriver, options: Options = Options()) {
        self.context = context
        self.driver = driver
        self.options = options
    }

    /// Asks every hypervisor once; changes nothing.
    /// - Throws: `Diagnostics` for mistakes in the files, all at once.
    package func plan() async throws -> FleetPlan {
        let wishes = try MachineWish.read(context, options.names)
        try refuseListed()
        var allowed: [String: Set<String>] = [:]
        for wish in wishes {
            allowed[wish.spec.name] = try wish.spec.place.map { Set(try context.hosts($0).map(\.name)) }
        }
        let placement = MachinePlacement(context, driver: driver)
        let survey = await placement.survey(wishes.map(\.spec), details: true)
        let memory = MachineMemory(context.directory)
        let silent = survey.problems.compactMap(\.diagnostic.host).filter { !options.assumedAbsent.contains($0) }
        var comparison = PlanComparison(
            wishes: wishes, present: survey.present,
            silent: silent.map { host in
                let told = options.holdings[host]
                return .init(host: host, lastSeen: told ?? Set(memory.lastSeen(on: host)), isCertain: told != nil)
            },
            hosts: Dictionary(context.inventory.hosts.map { ($0.name, $0) }) { first, _ in first })
        comparison.allowed = allowed
        comparison.deletable = Set(options.deletable)
        comparison.isWhole = options.names.isEmpty
        let byName = Dictionary(wishes.map { ($0.spec.name, $0) }) { first, _ in first }
        var lines = try comparison.lines()
        let placings = try place(&lines, byName, placement, survey)
        refuse(&lines, byName, placement, survey)
        let all = lines
        if let only = options.only { lines.removeAll { !concerns($0, byName[$0.name], only) } }
        let names = Set(lines.map(\.name))
        let problems = survey.problems.filter { problem in
            options.only.map { only in problem.diagnostic.host.map(only.contains) ?? true } ?? true
        }
        let gone = options.deletable.filter { name in !all.contains { $0.name == name } }
        return FleetPlan(
            lines: lines, placings: placings,
            warnings: gone.map { .warning("there is no VM \"\($0)\" of Drover's to delete", detail: nil) }
                + placings.filter { names.contains($0.name) }.flatMap(\.warnings),
            problems: problems, wishes: byName, survey: survey,
            assumedAbsent: options.assumedAbsent.union(options.holdings.keys))
    }

    /// New VMs and those that have to move are placed together.
    private func place(
        _ lines: inout [PlanLine], _ wishes: [String: MachineWish], _ placement: MachinePlacement,
        _ survey: FleetSurvey
    ) throws -> [MachinePlacing] {
        let indices = lines.indices.filter { lines[$0].action == .create || lines[$0].action == .move }
        let specs = indices.compactMap { wishes[lines[$0].name]?.spec }
        guard !specs.isEmpty else { return [] }
        let placings = try placement.explain(specs, in: survey)
        for (index, placing) in zip(indices, placings) {
            lines[index].target = placing.host
            guard placing.host == nil else { continue }
            lines[index].refuse(placing.refusal.detail?.split(separator: "\n").joined(separator: "; ") ?? "no host")
            if placing.isForSilence { lines[index].action = .unknown }
        }
        return placings
    }

    /// What carrying a line out would refuse before it did anything is refused here already.
    private func refuse(
        _ lines: inout [PlanLine], _ wishes: [String: MachineWish], _ placement: MachinePlacement,
        _ survey: FleetSurvey
    ) {
        for index in lines.indices {
            let line = lines[index]
            do {
                switch line.action {
                case .create:
                    guard let spec = wishes[line.name]?.spec, let target = line.target else { continue }
                    try placement.refuseImpossible(spec, on: target, in: survey)
                case .change, .move: try PlannedChanges(line.changes).devices.validate()
                default: continue
                }
            } catch {
                let problems = (error as? Diagnostics)?.all ?? [HostProblem(error).diagnostic]
                lines[index].host = line.host ?? line.target
                lines[index].refuse(problems.map(\.summary).joined(separator: "; "))
            }
        }
    }

    /// Whether a line is about one of these hosts, or may be: one that is not placed yet may come to any of them.
    private func concerns(_ line: PlanLine, _ wish: MachineWish?, _ only: Set<String>) -> Bool {
        let places = [line.host, line.target].compactMap { $0 }
        if only.contains(line.name) || places.contains(where: only.contains) { return true }
        guard places.isEmpty else { return false }
        return wish?.spec.host.map(only.contains) ?? true
    }

    /// - Throws: `Diagnostics` for VMs that may be deleted and yet stand in the inventory.
    func refuseListed() throws(Diagnostics) {
        let listed = context.inventory.machines
        let problems = options.deletable.compactMap { name in
            listed.first { $0.name == name }.map { entry in
                Diagnostic.error(
                    "\"\(name)\" is in the inventory, so it is not deleted", hint: "take its entry out first",
                    mark: entry.mark)
            }
        }
        if let found = Diagnostics(problems) { throw found }
    }
}
