internal import ArgumentParser
internal import Fleet
internal import Inventory
internal import SSH
internal import Values

struct UpCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "up", abstract: "Bring a bare inventory to running VMs",
        discussion: """
            Shows one plan and carries it out: hosts' SSH keys accepted, the authority made, roles applied, images fetched, \
            the VMs of inventory/vms.yaml made, and roles applied inside them. Each host goes on as soon as it can. \
            What is in place is left alone, so the same command goes on after an interruption, and catches up with \
            machines that were switched off. With -t only the hosts that are meant are trusted and get roles, and only VMs \
            that are there, or that go there, are made, changed and deleted.

            EXAMPLES
              drover up --check
              drover up --yes                   new SSH keys are accepted without a question
            """)
    @Flag(help: "Change nothing; show the plan") var check = false
    @Flag(help: "With --check: exit with 2 when something would change") var detailedExitCode = false
    @Flag(help: "Accept new SSH keys without a question") var trust = false
    @Option(help: "Seconds that guests are given to answer before their roles are given up") var guestWait = 180
    @OptionGroup var plan: PlanOptions
    @OptionGroup var common: CommonOptions

    func validate() throws {
        guard (0...86_400).contains(guestWait) else {
            throw ValidationError("--guest-wait must be 0 to 86400 seconds")
        }
    }

    func run() async throws {
        let context = try common.context()
        let hosts = try context.hosts(common.target).filter { !$0.groups.contains(Inventory.machineGroup) }
        var planning = plan.planning([])
        if common.target != nil { planning.only = Set(try context.hosts(common.target).map(\.name)) }
        let driver = try common.hypervisors(context)
        let up = try await UpPlanning(
            context, driver: driver, timeout: common.timeout, options: planning
        ).plan(hosts, looksIntoGuests: check)
        Terminal.clearStatus()
        Terminal.show(up.machines?.warnings ?? [])
        if check {
            Output.write(up.value, common.format) { up.isDone ? up.text + "nothing to do\n" : up.text }
            return try leave(up)
        }
        Terminal.note(up.text)
        // What was not shown now, because its host was silent, say, waits for a run that shows it.
        planning.deletable = try await agree(up, planning.deletable, MachineDeletion(context, driver: driver))
        var options = UpRun.Options()
        options.planning = planning
        options.applying.assumedAbsent = planning.assumedAbsent
        options.guestSeconds = guestWait
        let view = UpView(isQuiet: common.format != .table, isVerbose: common.verbose)
        let run = UpRun(
            options: options, context: { [common] in try common.context() },
            driver: { [common] in try common.hypervisors($0) }, tell: { view.show($0) })
        let report = try await run.carryOut(up, timeout: common.timeout)
        Terminal.clearStatus()
        PlanView.tell(report.machines)
        Terminal.show(report.hosts.flatMap { $0.warnings + $0.refusal } + UpView.untold(report))
        Output.write(report.value, common.format) { UpView.table(report) }
        if Task.isCancelled { throw CommandFailure(.interrupted) }
        if report.machines.contains(where: \.isUnknown) { throw CommandFailure(.unknownOutcome) }
        if (report.hosts + report.guests).contains(where: \.hasFailed) { throw CommandFailure(.hostsFailed) }
        try failQuietly(report.problems)
    }

    /// Ends a check: what cannot be, and what could not be seen, before what is still to be done.
    private func leave(_ up: UpPlan) throws {
        let lines = up.machines?.lines ?? []
        if lines.contains(where: { [.refused, .foreign].contains($0.action) }) {
            throw CommandFailure(.hostsFailed, up.problems.map(\.diagnostic))
        }
        let told = Set(up.problems.compactMap(\.diagnostic.host))
        try failIfAny(
            up.problems + (up.machines?.problems ?? []).filter { !told.contains($0.diagnostic.host ?? "") })
        if detailedExitCode && up.isWork { throw CommandFailure(.pending) }
    }

    /// Keys are shown before they are accepted; deletion is agreed to by name.
    /// - Parameter deletable: what may be deleted once hosts can be asked, where the plan could not ask any.
    /// - Returns: the VMs whose deletion was agreed to.
    private func agree(_ up: UpPlan, _ deletable: [String], _ deletion: MachineDeletion) async throws -> [String] {
        if !up.offers.isEmpty {
            for offer in up.offers {
                for key in offer.keys { Terminal.note("\(offer.host.name): \(key.type) \(key.fingerprint)") }
            }
            if !trust {
                try common.confirmed("accept the new keys of \(up.offers.map(\.host.name).joined(separator: ", "))?")
            }
        }
        let deleted = up.machines?.lines(.delete).map(\.name) ?? deletable
        if !deleted.isEmpty {
            if let machines = up.machines { await PlanView.tell(of: machines.lines(.delete), deletion) }
            try common.confirmed("delete \(deleted.joined(separator: ", "))? Their disks are lost.")
        }
        return deleted
    }
}
