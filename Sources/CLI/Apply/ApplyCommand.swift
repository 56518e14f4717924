internal import ArgumentParser
internal import Fleet
internal import Inventory
internal import Modules
internal import Values

struct ApplyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply", abstract: "Bring hosts into the state that their roles describe",
        discussion: """
            EXAMPLES
              drover apply                        every host, all its roles
              drover apply bridge -t hv1          one role on one host, assigned or not
              drover apply -t vm:web1             inside a VM, through its hypervisor
              drover apply --check --diff         what would change, and how

            Without -t the VMs of vms.yaml that have roles come after the hosts, as far as they run.
            """)
    @Argument(help: "Roles; all assigned ones when none is named") var roles: [String] = []
    @Flag(help: "Change nothing; report what would change") var check = false
    @Flag(help: "Show what changes in files") var diff = false
    @Flag(help: "With --check: exit with 2 when something would change") var detailedExitCode = false
    @Option(help: "Seconds that a host waits to be reached again after a network change") var confirm = 60
    @OptionGroup var common: CommonOptions

    func validate() throws {
        guard (5...3600).contains(confirm) else { throw ValidationError("--confirm must be 5 to 3600 seconds") }
    }

    func run() async throws {
        let context = try common.context()
        let hosts = try await common.hosts(context)
        try refuseUnknown(roles, context)
        var options = StateRunOptions()
        options.test = check
        options.diff = diff
        options.confirmSeconds = confirm
        let view = ApplyView(isQuiet: common.format != .table, isVerbose: common.verbose)
        let run = StateRun(context, options: options, driver: try common.hypervisors(context)) { view.show($0) }
        var reports = await run.apply(roles, to: hosts, forced: common.target != nil && !roles.isEmpty)
        if common.target == nil, !Task.isCancelled { reports += try await guests(context, run) }
        Terminal.clearStatus()
        LastRun(context.directory).write(reports)
        guard !reports.isEmpty else {
            throw CommandFailure(.error, [nothingToDo(hosts)])
        }
        for report in reports { Terminal.show(report.diagnostics) }
        let value = Value(Mapping(reports.map { ($0.host.name, $0.value) }))
        Output.write(value, common.format) { ApplyView.table(reports, check: check, diff: diff || check) }
        try leave(reports)
    }

    /// After the hosts, so that hypervisors are there and their networks as they should be.
    private func guests(_ context: FleetContext, _ run: StateRun) async throws -> [HostReport] {
        let guests = try await context.guestsWithRoles { try common.hypervisors(context) }
        if !guests.absent.isEmpty {
            Terminal.note("left out, as they do not run: \(guests.absent.map(\.name).joined(separator: ", "))")
        }
        return await run.apply(roles, to: guests.running)
    }

    private func leave(_ reports: [HostReport]) throws {
        if Task.isCancelled { throw CommandFailure(.interrupted) }
        if reports.contains(where: \.hasFailed) { throw CommandFailure(.hostsFailed) }
        if reports.contains(where: \.isUnreachable) { throw CommandFailure(.hostsUnreachable) }
        if check && detailedExitCode && reports.contains(where: { $0.pending > 0 }) { throw CommandFailure(.pending) }
    }

    private func refuseUnknown(_ roles: [String], _ context: FleetContext) throws {
        let known = context.directory.roleNames
        let problems = roles.filter { !known.contains($0) }.map { role in
            Diagnostic.error(
                "there is no role \"\(role)\"",
                hint: NearestName.hint(for: role, among: known) ?? "roles are folders in roles/")
        }
        if let found = Diagnostics(problems) { throw found }
    }

    private func nothingToDo(_ hosts: [Host]) -> Diagnostic {
        guard !roles.isEmpty else {
            return .error("no host has roles", hint: "give hosts or groups `roles: [...]` in the inventory")
        }
        return .error(
            "no host has the role \(roles.joined(separator: ", "))",
            hint: "assign it in the inventory, or name hosts with -t to apply it all the same")
    }
}
