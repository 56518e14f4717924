internal import ArgumentParser
internal import Fleet
internal import Inventory
internal import Values

struct OperationAttach: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "attach", abstract: "Take over a migration that was let go of, and settle it",
        discussion: """
            Goes on as if the migration had never been let go of: the same progress, output and exit codes as those of \
            `drover vm migrate`, the same --deadline and --if-stuck. While another process looks after it, exit code 11.
            """)
    @Argument(help: "Operation or VM; the only migration under way when none is named") var id: String?
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let context = try common.context()
        let driver = try common.hypervisors(context)
        let trace = try await MigrationSearch(context, driver: driver).find(id)
        let control = MigrationControl()
        Interrupts.onSecond { control.cancel() }
        let view = MigrationView(common, several: false)
        do {
            let outcome = try await MigrationAttachment(context, driver: driver)
                .attach(trace, control: control) { view.show(trace.vm, $0) }
            Terminal.clearStatus()
            Output.write(outcome.value, common.format) { MigrationResultView.summary(outcome) }
            try MigrationResultView.failUnlessMigrated(outcome)
        } catch let unknown as MigrationUnknown {
            throw CommandFailure(.unknownOutcome, [unknown.diagnostic])
        } catch let detached as MigrationDetached {
            Terminal.clearStatus()
            throw MigrationResultView.letGo(of: trace.vm, detached)
        }
    }
}
