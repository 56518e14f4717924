internal import ArgumentParser
internal import Fleet
internal import Inventory
internal import Values

struct OperationCancel: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel", abstract: "Call a migration off; the VM runs on where it is",
        discussion: """
            Also while another process looks after it, which then settles it, and when another controller began it. Once the \
            VM has switched over it is too late: that is said, with exit code 1, and the migration is brought to its end.
            """)
    @Argument(help: "Operation, VM or UUID; the only migration under way when none is named") var id: String?
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let context = try common.context()
        let driver = try common.hypervisors(context)
        let trace = try await MigrationSearch(context, driver: driver).find(id)
        let view = MigrationView(common, several: false)
        let end: MigrationCancelling.End
        do {
            end = try await MigrationCancelling(context, driver: driver).cancel(trace) { view.show(trace.vm, $0) }
        } catch let unknown as MigrationUnknown {
            throw CommandFailure(.unknownOutcome, [unknown.diagnostic])
        }
        Terminal.clearStatus()
        let value: Value = [
            "vm": Value(trace.vm), "operation": trace.operation.map { Value($0) } ?? .null,
            "result": Value(end.rawValue),
        ]
        Output.write(value, common.format) {
            end == .cancelled ? "cancelled: \(trace.vm) stayed on \(trace.source.name)\n" : ""
        }
        if end == .tooLate {
            throw CommandFailure(
                .error,
                [
                    .error(
                        "it is too late: \"\(trace.vm)\" has switched over",
                        detail: trace.destination.map { "it is on \($0.name)" })
                ])
        }
    }
}
