internal import ArgumentParser
internal import Fleet
internal import Inventory
internal import Values

struct BalanceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "balance",
        abstract: "Propose, or carry out, the fewest migrations that even memory, CPU and disk out",
        discussion: """
            Each host's share is what its running VMs were promised of what it may promise (virt:placement of its vars). A
            host is even when no share is more than the tolerance above the fleet's. Labels hold: place, spread and
            affinity; drained hosts and those in maintenance take none.

            EXAMPLES
              drover balance
              drover balance -t 'hv[1-8]' --tolerance 10
              drover balance --apply --yes
            """)
    @Flag(help: "Carry the migrations out") var apply = false
    @Option(help: "Percent points above the fleet's share that still count as even") var tolerance = 5.0
    @OptionGroup(title: "How VMs are moved") var wishes: MigrationWishes
    @OptionGroup var common: CommonOptions

    func validate() throws {
        guard (0.1...100).contains(tolerance) else { throw ValidationError("--tolerance must be 0.1 to 100") }
    }

    func run() async throws {
        let context = try common.context()
        let hosts = try common.hypervisorHosts(context)
        let driver = try common.hypervisors(context)
        common.progress("looking at the hosts")
        let fleet = try await BalanceGathering(context, driver: driver).fleet(hosts)
        let plan = FleetBalancing.plan(fleet, tolerance: tolerance / 100)
        Terminal.clearStatus()
        guard apply, !plan.moves.isEmpty else {
            Output.write(plan.value, common.format) { BalanceView.text(plan) }
            return
        }
        Terminal.note(BalanceView.text(plan))
        try common.confirmed("carry out \(plan.moves.count) migrations?")
        let balance = FleetBalance(
            context, driver: driver, options: wishes.options,
            tell: RelocationView(isVerbose: common.verbose).show)
        let report = try await balance.apply(plan)
        Terminal.clearStatus()
        let value = plan.value.map?.merged(with: Mapping([("applied", report.value)])) ?? Mapping()
        Output.write(Value(value), common.format) { "\(report.moved) of \(plan.moves.count) VMs moved\n" }
        try report.exit()
    }
}

/// What balancing would do, as people see it.
enum BalanceView {
    static func text(_ plan: BalancePlan) -> String {
        var table = Table("HOST", "MEMORY", "CPUS", "DISK")
        for host in plan.hosts { table.add([host.name] + zip(host.before, host.after).map(change)) }
        let scores = "unevenness \(points(plan.unevennessBefore)) -> \(points(plan.unevennessAfter)) percent points\n"
        guard !plan.moves.isEmpty else {
            return table.text + (plan.isEven ? "even: nothing to move\n" : scores + "no migration makes it more even\n")
        }
        let end = plan.isEven ? "" : "; not all hosts become even"
        return table.text + scores
            + "\(plan.moves.count) migrations, \(plan.leastMoves) are the fewest possible\(end)\n"
            + plan.moves.map { "\($0.command)\n" }.joined()
    }

    private static func change(_ before: Double, _ after: Double) -> String {
        let (old, new) = ("\(points(100 * before))%", "\(points(100 * after))%")
        return old == new ? old : "\(old) -> \(new)"
    }

    private static func points(_ number: Double) -> String { "\((number * 10).rounded() / 10)" }
}
