internal import ArgumentParser
internal import Fleet
internal import Values

struct OperationCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "op", abstract: "Look at operations, and finish or undo what was interrupted",
        subcommands: [
            OperationList.self, OperationShow.self, OperationWatch.self, OperationAttach.self, OperationCancel.self,
            OperationRecover.self,
        ])
}

struct OperationList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the operations of this fleet directory", aliases: ["ls"])
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let records = Journal(common.fleetDirectory).operations()
        Output.write(Value(records.map(\.summary)), common.format) {
            var table = Table("OPERATION", "KIND", "SUBJECT", "STARTED", "LAST STEP")
            for record in records {
                table.add([
                    record.id, record.kind, record["vm"]?.string ?? record["subject"]?.string ?? "", record.started,
                    record.lastStep,
                ])
            }
            return table.text
        }
    }
}

struct OperationShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "show", abstract: "Show the steps of an operation")
    @Argument(help: "Operation") var id: String
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let steps = Value(try Journal(common.fleetDirectory).known(id).steps.map { Value($0) })
        Output.write(steps, common.format) { YAML.write(steps) }
    }
}

struct OperationRecover: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "recover", abstract: "Finish or undo interrupted operations by what the hosts really have",
        discussion: """
            What decides is what the hosts have now, not what a command reported. Migrations that another controller
            began, or this one with a journal that is gone, are found on the hosts themselves, which keep a record of each
            until it is settled: the fleet directory is enough. What somebody is still at work on is left to him.

            EXAMPLES
              drover op recover                     all that is unfinished, here and on the hosts
              drover op recover 20260131t120000123-abc

            Exit codes: 0 all settled, 5 an outcome is not known yet, 11 somebody is at work on it.
            """)
    @Argument(help: "Operation; all unfinished ones, other controllers' too, when none is named") var id: String?
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let context = try common.context()
        let journal = Journal(context.directory)
        let recovery = OperationRecovery(context, driver: try common.hypervisors(context))
        var records: [OperationRecord]
        if let id, let known = journal.operation(id) {
            records = [known]
        } else {
            let others = await recovery.adopt(id)
            Terminal.show(others.warnings)
            records =
                try id.map { id in try others.records.isEmpty ? [journal.known(id)] : others.records }
                ?? journal.unfinished()
        }
        var results: [Value] = []
        var failures: [Diagnostic] = []
        var worst = ExitStatus.error
        for record in records {
            let outcome = await recovery.recover(record)
            results.append(outcome.value)
            Terminal.show(outcome.warnings)
            if let problem = outcome.problem { failures.append(problem) }
            if outcome.isInProgress && worst == .error { worst = .locked }
            if outcome.isUnknown { worst = .unknownOutcome }
        }
        Output.write(Value(results), common.format) {
            guard !results.isEmpty else { return "nothing is unfinished\n" }
            var table = Table("OPERATION", "KIND", "RESULT")
            for result in results {
                table.add(["operation", "kind", "result"].map { result[$0]?.string ?? "" })
            }
            return table.text
        }
        if !failures.isEmpty { throw CommandFailure(worst, failures) }
    }
}

extension OperationRecord {
    fileprivate var summary: Value {
        [
            "operation": Value(id), "kind": Value(kind), "started": Value(started), "last_step": Value(lastStep),
            "closed": Value(isClosed), "vm": self["vm"] ?? .null,
            "subject": self["subject"] ?? .null,
        ]
    }
}
