internal import ArgumentParser
internal import Fleet
internal import Inventory
internal import Values

struct VMPlan: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan", abstract: "Show what `vm apply` would do; change nothing",
        discussion: """
            The VMs that the fleet should have stand under `vms:` in inventory/vms.yaml. A VM that was moved by hand stays \
            where it is, unless its entry names a host or a place; one on a host that does not answer is unknown, \
            and is neither made again nor given up. Nothing is deleted that --allow-delete does not name. \
            What an entry says and only a new VM can have (its image, firmware, TPM, the most it can grow to) is told of \
            and left as it is; hardware that an entry does not speak of is nobody's to change.

            EXAMPLES
              drover vm plan
              drover vm plan web1 --explain             each host's score for it, or what excludes it
              drover vm plan --detailed-exit-code       2 when there is something to do
            """)
    @Argument(help: "VMs of the inventory; all when none is named") var names: [String] = []
    @Flag(help: "Show how each host was judged for the VMs that are made or moved") var explain = false
    @Flag(help: "Exit with 2 when something would change") var detailedExitCode = false
    @OptionGroup var options: PlanOptions
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let context = try common.context()
        let driver = try common.hypervisors(context)
        let plan = try await FleetPlanning(context, driver: driver, options: options.planning(names)).plan()
        Terminal.show(plan.warnings + plan.problems.map(\.diagnostic))
        Output.write(PlanView.value(plan, explain: explain), common.format) {
            (explain ? PlanView.explained(plan) : "") + PlanView.text(plan, isVerbose: common.verbose)
        }
        try PlanView.leave(plan, detailedExitCode: detailedExitCode)
    }
}

extension PlanView {
    /// Ends a command that only looked.
    static func leave(_ plan: FleetPlan, detailedExitCode: Bool) throws {
        if !plan.lines(.refused).isEmpty || !plan.lines(.foreign).isEmpty { throw CommandFailure(.hostsFailed) }
        if !plan.problems.isEmpty { throw CommandFailure(.hostsUnreachable) }
        if detailedExitCode && plan.isChanging { throw CommandFailure(.pending) }
    }
}
