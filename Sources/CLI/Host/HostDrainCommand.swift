internal import ArgumentParser
internal import Fleet
internal import Inventory
internal import Values

struct HostDrainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drain", abstract: "Move all VMs off hosts, and keep new ones away until `host undrain`",
        discussion: """
            The hosts are marked first, then all moves are planned by memory, processors, disks and labels, printed, and
            carried out: live where VMs run. Hosts that are drained together are no destinations of each other. The mark is
            on the host itself and survives reboots and controllers. Ctrl-C finishes the moves that were begun; draining
            again goes on.

            --deadline is for all of it: when it is over, moves under way are called off, and none is begun any more.

            A VM that cannot move is told with the reason, and goes on where it is (leave), is shut down and moved offline
            where that is possible (stop), or keeps everything from being begun (fail).

            EXAMPLES
              drover host drain hv3 --check
              drover host drain hv3 --reason "new memory" --deadline 20m
              drover host drain hv1 hv2 --to 'hv[5-8]' --if-cannot-move fail
              drover host undrain hv3
            """)
    @Argument(help: "Hosts: names, groups, globs") var hosts: [String]
    @Option(help: "Hosts that the VMs may go to, as -t takes them") var to: String?
    @Option(help: "What becomes of VMs that cannot move: stop, leave or fail")
    var ifCannotMove: DrainOptions.Inability = .leave
    @Option(help: "Why, for those who meet the mark") var reason: String?
    @Option(help: "Seconds that a guest is given to shut down") var wait = 120
    @Flag(help: "Show what would move where and what could not; change nothing") var check = false
    @OptionGroup(title: "How VMs are moved") var wishes: MigrationWishes
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let context = try common.context()
        let hosts = try common.hypervisors(named: hosts, context)
        var options = DrainOptions()
        options.to = to
        options.ifCannotMove = ifCannotMove
        options.parallel = common.parallel
        options.deadline = wishes.deadline?.seconds
        options.migration = wishes.options
        options.migration.deadline = nil
        options.reason = reason
        options.patience = wait
        let drain = HostDrain(
            context, driver: try common.hypervisors(context), options: options,
            tell: RelocationView(isVerbose: common.verbose).show)
        if check {
            let plan = try await drain.plan(hosts)
            Output.write(plan.value, common.format) { RelocationView.table(plan) }
            guard plan.stays.isEmpty else { throw CommandFailure(.hostsFailed) }
            return
        }
        let report = try await drain.drain(hosts)
        Terminal.clearStatus()
        Output.write(report.value, common.format) { Self.words(report) }
        try report.exit()
    }

    private static func words(_ report: RelocationReport) -> String {
        let names = report.hosts.joined(separator: ", ")
        let left = report.left.isEmpty ? "no VM is left" : "\(report.left.count) VMs are left"
        let stopped = report.stopped.isEmpty ? "" : "; shut down: \(report.stopped.sorted().joined(separator: ", "))"
        let state = report.isInterrupted ? "marked, not drained yet" : "drained"
        return "\(names) \(state): \(report.moved) VMs moved, \(left)\(stopped)\n"
    }
}

extension DrainOptions.Inability: ExpressibleByArgument {}

struct HostUndrain: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "undrain", abstract: "Put drained hosts into service again, and bring their VMs back",
        discussion: """
            VMs that draining moved away come back if they are still where it put them.

            EXAMPLES
              drover host undrain hv3
              drover host undrain hv3 --no-return
            """)
    @Argument(help: "Hosts: names, groups, globs") var hosts: [String]
    @Flag(name: .customLong("no-return"), help: "Leave the VMs where they are") var staying = false
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let context = try common.context()
        let hosts = try common.hypervisors(named: hosts, context)
        let restoration = HostReturn(
            context, driver: try common.hypervisors(context), parallel: common.parallel,
            tell: RelocationView(isVerbose: common.verbose).show)
        let report = try await restoration.undrain(hosts, returning: !staying)
        Terminal.clearStatus()
        Output.write(report.value, common.format) {
            "\(report.hosts.joined(separator: ", ")) in service: \(report.moved) VMs came back\n"
        }
        try report.exit()
    }
}
