internal import ArgumentParser
internal import Fleet
internal import Inventory
internal import Values

struct OperationWatch: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch", abstract: "Look on while a migration goes on; changes nothing",
        discussion: """
            Shows a migration that another process looks after, that was let go of, or that another controller began. Ends when \
            it is settled, with exit code 1 when the VM stayed where it was, and 5 when libvirt is done and nobody settles it.

            EXAMPLES
              drover op watch
              drover op watch 20261122t174914-1ey5zrj
              drover op watch web1
            """)
    @Argument(help: "Operation, VM or UUID; the only migration under way when none is named") var id: String?
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let context = try common.context()
        let driver = try common.hypervisors(context)
        let trace = try await MigrationSearch(context, driver: driver).find(id)
        let view = MigrationView(common, several: false)
        let ended = try await MigrationFollowing(context, driver: driver, trace).run { view.show(trace.vm, $0) }
        Terminal.clearStatus()
        Output.write(ended.value, common.format) {
            switch ended.result {
            case .migrated: "\(trace.vm) was migrated" + (trace.destination.map { " to \($0.name)" } ?? "") + "\n"
            case .notMigrated: "\(trace.vm) stayed on \(trace.source.name)\n"
            case .unsettled: "libvirt is done with \(trace.vm)\n"
            }
        }
        switch ended.result {
        case .migrated: return
        case .notMigrated: throw CommandFailure(.error)
        case .unsettled:
            let id = trace.operation ?? trace.vm
            throw CommandFailure(
                .unknownOutcome,
                [.error("nobody settles the migration of \"\(trace.vm)\"", hint: "run `drover op recover \(id)`")])
        }
    }
}
