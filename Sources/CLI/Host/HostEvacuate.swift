internal import ArgumentParser
internal import Fleet
internal import Inventory
internal import Values

struct HostEvacuate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evacuate", abstract: "Start the VMs of a host that is lost on other hosts",
        discussion: """
            Only VMs that ran when the host was last seen, and whose disks are all on storage that the other hosts share:
            network disks, shared pools, network file systems. The others are named; they are lost until the host returns.
            Their definitions are those that the host had when a command last listed its VMs.

            Two copies of a VM on one disk destroy it. So the host must be off: --fence runs its fence_command of the
            inventory (a list of words, run here without a shell) and sees that the host answers no more; --confirmed-off
            says that you switched it off yourself. When it comes back, its libvirt may start VMs that have autostart before
            anybody can prevent it: only leases (virtlockd, sanlock) or the storage's own locks keep them from it. Then run
            `host undrain`, which removes its stale definitions; until then it is given no VMs.

            EXAMPLES
              drover host evacuate hv3 --check
              drover host evacuate hv3 --fence
              drover host evacuate hv3 --confirmed-off --to 'hv[1-2]'
              drover host undrain hv3
            """)
    @Argument(help: "Host") var host: String
    @Flag(help: "Have it switched off by its fence_command first") var fence = false
    @Flag(help: "You have made sure that it is off") var confirmedOff = false
    @Option(help: "Hosts that the VMs may go to, as -t takes them") var to: String?
    @Flag(help: "Show what would be started where, and what is lost; change nothing") var check = false
    @OptionGroup var common: CommonOptions

    func validate() throws {
        if fence && confirmedOff { throw ValidationError("say --fence or --confirmed-off, not both") }
        guard fence || confirmedOff || check else {
            throw ValidationError(
                "the host must be off before its VMs are started elsewhere: add --fence, or --confirmed-off when you "
                    + "switched it off yourself; --check only looks")
        }
    }

    func run() async throws {
        let context = try common.context()
        let lost = try context.host(named: host)
        let verbose = common.verbose
        let evacuation = HostEvacuation(context, driver: try common.hypervisors(context)) { words in
            verbose ? Terminal.note(words) : Terminal.status(words)
        }
        let plan = try await evacuation.plan(lost, to: to)
        Terminal.clearStatus()
        if check {
            Output.write(plan.value, common.format) { Self.table(plan) }
            return
        }
        Terminal.note(Self.table(plan))
        guard !plan.starts.isEmpty else {
            throw CommandFailure(.hostsFailed, [.error("no VM can be started elsewhere", host: host)])
        }
        try common.confirmed("start \(plan.starts.map(\.vm).quoted) elsewhere?")
        let report = try await evacuation.evacuate(plan, lost, by: fence ? .fenced : .confirmed)
        Terminal.clearStatus()
        Output.write(report.value, common.format) {
            "\(report.started.count) of \(plan.starts.count) VMs started; "
                + "`drover host undrain \(host)` when it is back\n"
        }
        guard report.problems.isEmpty else { throw CommandFailure(.hostsFailed, report.problems) }
    }

    private static func table(_ plan: EvacuationPlan) -> String {
        var table = Table("VM", "TO", "")
        for start in plan.starts {
            let drives = start.emptied.map { "without \($0)" }.joined(separator: ", ")
            table.add([start.vm, start.to, drives])
        }
        let lost = plan.losses.map { loss in
            let details = (loss.reason.detail ?? "").split(separator: "\n").map { "  \(Table.printable(String($0)))\n" }
            return Table.printable("\"\(loss.vm)\" is lost until \(plan.host) returns: \(loss.reason.summary)") + "\n"
                + details.joined()
        }
        return (plan.starts.isEmpty ? "" : table.text) + lost.joined()
    }
}
