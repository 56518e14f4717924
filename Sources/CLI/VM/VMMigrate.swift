internal import ArgumentParser
internal import Fleet
internal import Inventory
internal import Values

struct VMMigrate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate", abstract: "Move VMs to another host, with or without shared storage",
        discussion: """
            A VM arrives paused and runs once the source's copy is seen to be gone; it can never run twice. One that its user \
            paused stays paused; one that is off moves with its files, which are compared, and can at no time start on both \
            hosts. Ctrl-C lets go: the migration goes on by itself, and `drover op watch`, `op attach` and \
            `op cancel` find it; a second Ctrl-C within 2 s calls it off. With --format json each line on standard error is \
            {"progress": {...}}.

            EXAMPLES
              drover vm migrate web1 --to hv2
              drover vm migrate web1 web2 db --to hv2 --bandwidth 80MiB/s
              drover vm migrate db --to hv2 --max-downtime 200ms --deadline 20m --if-stuck pause
              drover vm migrate db --to hv2 --via san
            """)
    @Argument(help: "VMs") var names: [String]
    @Option(help: "Host to move them to") var to: String
    @OptionGroup var wishes: MigrationWishes
    @Option(help: "VMs that a host sends, and takes, at once") var perHost = 2
    @Flag(help: "Only say what would be done and what stands against it") var check = false
    @OptionGroup var common: CommonOptions

    func validate() throws {
        guard (1...64).contains(perHost) else { throw ValidationError("--per-host must be 1 to 64") }
    }

    func run() async throws {
        let context = try common.context()
        let destination = try context.host(named: to)
        if check { return try await report(to: destination, context) }
        let control = MigrationControl()
        Interrupts.onSecond { control.cancel() }
        var seen: Set<String> = []
        let moves = names.filter { seen.insert($0).inserted }.map { (vm: $0, to: destination) }
        let view = MigrationView(common, several: moves.count > 1)
        let batch = MigrationBatch(
            context, driver: try common.hypervisors(context), options: wishes.options,
            limits: .init(perHost: perHost, total: common.parallel), control: control)
        let ended = await batch.run(moves, tell: view.show)
        Terminal.clearStatus()
        try MigrationResultView.show(ended, common.format)
    }

    /// Looks, and touches nothing: what stands against it is an error here too, with the cures.
    private func report(to destination: Host, _ context: FleetContext) async throws {
        let checking = MigrationChecking(
            context, driver: try common.hypervisors(context), options: wishes.options)
        var reports: [MigrationReport] = []
        for name in names { reports.append(try await checking.check(name, to: destination)) }
        let values = reports.map(\.value)
        Output.write(values.count == 1 ? values[0] : Value(values), common.format) {
            reports.map(MigrationReportView.text).joined(separator: "\n")
        }
        Terminal.show(reports.flatMap(\.warnings))
        let errors = reports.filter { !$0.isPossible }.flatMap(\.errors)
        if !errors.isEmpty { throw CommandFailure(.error, errors) }
    }
}
