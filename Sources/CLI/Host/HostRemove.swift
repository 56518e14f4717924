internal import ArgumentParser
internal import Fleet
internal import Inventory
internal import Values

struct HostRemove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove", abstract: "Let a host leave the fleet, and put it back as it was",
        discussion: """
            The host must have no VMs: drain it first. Its certificates are revoked, and the other hosts told so. Files,
            links, directories and units that Drover's states made on it are removed, and what was there before comes back,
            by the record that the states kept on the host; what somebody else has changed since stays, and so do packages.
            A network configuration that comes back holds from the next boot on. The inventory is yours: take the host out
            of it afterwards.

            EXAMPLES
              drover host remove hv3
              drover host remove hv3 --dead --yes
            """)
    @Argument(help: "Host") var host: String
    @Flag(help: "The machine does not exist any more: only the fleet's own records of it go") var dead = false
    @Flag(help: "Show what would be lost; change nothing") var check = false
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let context = try common.context()
        let leaving = try context.host(named: host)
        let verbose = common.verbose
        let removal = HostRemoval(context, driver: try common.hypervisors(context)) { words in
            verbose ? Terminal.note(words) : Terminal.status(words)
        }
        let plan = try await removal.plan(leaving, isDead: dead)
        Terminal.clearStatus()
        if check {
            Output.write(plan.value, common.format) { Self.text(plan) }
            return
        }
        Terminal.note(Self.text(plan))
        try common.confirmed("remove \(host) from the fleet?")
        let report = try await removal.remove(plan)
        Terminal.clearStatus()
        Terminal.show(report.warnings)
        var fields = plan.value.map ?? Mapping()
        fields["operation"] = Value(report.operation)
        if !dead { fields["files"] = Value(report.lines.map(\.value)) }
        Output.write(Value(fields), common.format) { Self.ending(plan, report) }
        let failed = report.lines.filter { $0.word == .failed }
        guard failed.isEmpty else {
            throw CommandFailure(
                .hostsFailed, failed.map { .error("cannot put \"\($0.name)\" back as it was", host: host) })
        }
    }

    private static func text(_ plan: HostRemoval.Plan) -> String {
        var text = ""
        for line in plan.lines { text += words(line) + "\n" }
        for volume in plan.volumes { text += "delete \(Printable.line(volume))\n" }
        if !plan.otherVolumes.isEmpty {
            text += "kept: \(plan.otherVolumes.count) volumes that are not Drover's\n"
            for volume in plan.otherVolumes { text += "  \(Printable.line(volume))\n" }
        }
        for certificate in plan.certificates { text += "revoke certificate \(certificate)\n" }
        if !plan.lostVMs.isEmpty { text += "last seen there, and lost: \(plan.lostVMs.joined(separator: ", "))\n" }
        return text
    }

    private static func words(_ line: HostLeaving.Line) -> String {
        switch line.word {
        case .changed: "keep \(line.name): somebody else has changed it"
        case .unrecorded: "nothing is recorded there of what Drover made: files and sockets stay"
        default: "\(line.word.rawValue) \(line.name)"
        }
    }

    private static func ending(_ plan: HostRemoval.Plan, _ report: HostRemoval.Report) -> String {
        let place = plan.host.mark.map { " (\($0))" } ?? ""
        let isNetwork = report.lines.contains { $0.word == .restore && $0.name.hasPrefix("/etc/network") }
        return
            "\(plan.host.name) has left\(isNetwork ? "; its old network configuration holds from its next boot on" : "")\n"
            + "take it out of the inventory\(place)\n"
    }
}
