internal import ArgumentParser
internal import Fleet
internal import Inventory
internal import Values

struct VMApply: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply", abstract: "Make the fleet's VMs what inventory/vms.yaml says",
        discussion: """
            Does what `vm plan` shows: creates what is missing, changes what differs, and moves what is on a host that its \
            entry excludes. A VM that fails costs only itself; a second run goes on where this one ended. \
            VMs are deleted only by name, after you agreed.

            EXAMPLES
              drover vm apply
              drover vm apply web1 web2
              drover vm apply --allow-delete old1 --force
            """)
    @Argument(help: "VMs of the inventory; all when none is named") var names: [String] = []
    @Flag(help: "Change nothing; show what would change") var check = false
    @Flag(help: "With --check: exit with 2 when something would change") var detailedExitCode = false
    @Flag(help: "Delete VMs though they run") var force = false
    @Option(help: "VMs worked on at once on one host") var perHost = 10
    @OptionGroup var options: PlanOptions
    @OptionGroup var common: CommonOptions

    func validate() throws {
        guard (1...100).contains(perHost) else { throw ValidationError("--per-host must be 1 to 100") }
    }

    func run() async throws {
        let context = try common.context()
        let driver = try common.hypervisors(context)
        let plan = try await FleetPlanning(context, driver: driver, options: options.planning(names)).plan()
        Terminal.show(plan.warnings + plan.problems.map(\.diagnostic))
        if check {
            Output.write(plan.value, common.format) { PlanView.text(plan, isVerbose: common.verbose) }
            return try PlanView.leave(plan, detailedExitCode: detailedExitCode)
        }
        let deleted = plan.lines(.delete).map { "\($0.name) on \($0.host ?? "?")" }
        if !deleted.isEmpty {
            await PlanView.tell(of: plan.lines(.delete), MachineDeletion(context, driver: driver))
            try common.confirmed("delete \(deleted.joined(separator: ", "))? Their disks are lost.")
        }
        if plan.isChanging || plan.isDiffering { Terminal.note(PlanView.text(plan, isVerbose: false)) }
        var applying = FleetApplying.Options()
        applying.force = force
        applying.perHost = perHost
        applying.assumedAbsent = Set(options.assumeAbsent)
        let outcomes = await FleetApplying(context, driver: driver, options: applying, tell: PlanView.show).apply(plan)
        Terminal.clearStatus()
        PlanView.tell(outcomes)
        Output.write(PlanView.value(outcomes), common.format) { PlanView.summary(outcomes) }
        if Task.isCancelled { throw CommandFailure(.interrupted) }
        if outcomes.contains(where: \.isUnknown) { throw CommandFailure(.unknownOutcome) }
        try failQuietly(outcomes.compactMap(\.problem) + plan.problems)
    }
}

extension PlanView {
    /// What deleting VMs takes with them, before anybody agrees to it.
    static func tell(of deleted: [PlanLine], _ deletion: MachineDeletion) async {
        for line in deleted {
            let place = "\(line.name) on \(line.host ?? "?")"
            do {
                let remains = try await deletion.remains(of: line.uuid ?? line.name)
                let end = remains.volumes.isEmpty ? "; it has no volumes of its own" : ", with"
                Terminal.note("\(place) will be lost\(end)")
                for volume in remains.volumes { Terminal.note("  \(Printable.line(volume))") }
                Terminal.show(remains.warnings)
            } catch {
                Terminal.note("\(place) will be lost; which volumes go with it could not be seen")
                Terminal.show([HostProblem(error).diagnostic])
            }
        }
    }

    /// What went wrong, and what was only to be said; the same words about several hosts once.
    static func tell(_ outcomes: [PlanOutcome]) {
        let all = outcomes.flatMap { $0.warnings + ($0.problem.map { [$0.diagnostic] } ?? []) }
        var hosts: [String: [String]] = [:]
        var order: [Diagnostic] = []
        for diagnostic in all {
            var bare = diagnostic
            bare.host = nil
            let key = bare.rendered(colored: false)
            if hosts[key] == nil { order.append(bare) }
            let named = hosts[key, default: []]
            hosts[key] = named + (diagnostic.host.map { named.contains($0) ? [] : [$0] } ?? [])
        }
        for var diagnostic in order {
            let named = hosts[diagnostic.rendered(colored: false)] ?? []
            diagnostic.host = named.isEmpty ? nil : named.sorted().joined(separator: ", ")
            Terminal.show([diagnostic])
        }
    }
}

/// The exit code for problems that were shown already.
func failQuietly(_ problems: [HostProblem]) throws {
    guard !problems.isEmpty else { return }
    if problems.contains(where: { $0.kind == .failed }) { throw CommandFailure(.hostsFailed) }
    throw CommandFailure(.hostsUnreachable)
}
