internal import ArgumentParser
internal import Fleet
internal import Inventory
internal import Values

struct VMMigrate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate", abstract: "Move a running VM to another host, with or without shared storage",
        discussion: """
            The VM arrives paused and runs once the source's copy is seen to be gone; it can never run twice. Ctrl-C lets go:
            the migration goes on by itself, and `drover op recover` tidies up after it.
            """)
    @Argument(help: "VM") var name: String
    @Option(help: "Host to move it to") var to: String
    @Option(help: "The longest time that the guest may stand still, in milliseconds") var maxDowntime: UInt64 = 500
    @Option(help: "MiB a second") var bandwidth: UInt64?
    @Option(help: "Seconds that the source's copies of moved disks are kept") var keepSource = 3600
    @Flag(help: "Do not encrypt memory and disks") var plain = false
    @Flag(help: "Only say what would be done and what stands against it") var check = false
    @OptionGroup var common: CommonOptions

    func validate() throws {
        guard keepSource >= 0 else { throw ValidationError("--keep-source cannot be negative") }
    }

    func run() async throws {
        let context = try common.context()
        let destination = try context.host(named: to)
        var options = MigrationOptions()
        options.maxDowntime = maxDowntime
        options.bandwidthMiB = bandwidth
        options.keepSource = keepSource
        options.plain = plain
        if check { return try await report(to: destination, options, context) }
        let migration = MachineMigration(
            context, driver: try common.hypervisors(context), options: options,
            tell: MigrationView(isVerbose: common.verbose).show)
        let outcome: MigrationOutcome
        do {
            outcome = try await migration.migrate(name, to: destination)
        } catch let unknown as MigrationUnknown {
            Terminal.clearStatus()
            throw CommandFailure(.unknownOutcome, [unknown.diagnostic])
        } catch is MigrationDetached {
            Terminal.clearStatus()
            Terminal.note("let go: the migration goes on by itself; `drover op recover` tidies up after it")
            throw CommandFailure(.detached)
        } catch {
            Terminal.clearStatus()
            throw error
        }
        Terminal.clearStatus()
        Output.write(outcome.value, common.format) { MigrationView.summary(outcome) }
        if let unknown = outcome.unknown { throw CommandFailure(.unknownOutcome, [unknown]) }
        guard outcome.isMigrated else {
            throw CommandFailure(
                .error,
                [
                    .error(
                        "\"\(name)\" was not migrated", detail: outcome.problem,
                        hint: "it runs on \(outcome.plan.source.name) as before", host: outcome.plan.source.name)
                ])
        }
    }

    /// Looks, and touches nothing: what stands against it is an error here too, with the cures.
    private func report(to destination: Host, _ options: MigrationOptions, _ context: FleetContext) async throws {
        let report = try await MigrationChecking(context, driver: try common.hypervisors(context), options: options)
            .check(name, to: destination)
        Output.write(report.value, common.format) { MigrationReportView.text(report) }
        Terminal.show(report.warnings)
        if !report.isPossible { throw CommandFailure(.error, report.errors) }
    }
}
