internal import Fleet
internal import Hypervisor
internal import Inventory
internal import Values

/// What became of migrations.
enum MigrationResultView {
    /// - Throws: ``CommandFailure`` or the error of the only one; 3 when one of several failed, 5 when one's end is not
    ///   known, 6 when they were let go of.
    static func show(_ ended: [MigrationBatch.Ended], _ format: OutputFormat) throws {
        if let only = ended.first, ended.count == 1 {
            let outcome = try result(only)
            Output.write(outcome.value, format) { summary(outcome) }
            try failUnlessMigrated(outcome)
            return
        }
        Output.write(Value(ended.map(value)), format) { table(ended) }
        var failures: [(ExitStatus, [Diagnostic])] = []
        for one in ended {
            do {
                try failUnlessMigrated(try result(one))
            } catch let failure as CommandFailure {
                failures.append((failure.status, failure.diagnostics))
            } catch {
                failures.append((.hostsFailed, [HostProblem(error).diagnostic]))
            }
        }
        guard !failures.isEmpty else { return }
        let statuses = failures.map(\.0)
        let status: ExitStatus =
            statuses.contains(.unknownOutcome)
            ? .unknownOutcome : statuses.contains(.detached) ? .detached : .hostsFailed
        throw CommandFailure(status, failures.flatMap(\.1))
    }

    /// - Throws: ``CommandFailure`` that says how it ended, unless it was migrated.
    static func failUnlessMigrated(_ outcome: MigrationOutcome) throws {
        if let unknown = outcome.unknown { throw CommandFailure(.unknownOutcome, [unknown]) }
        guard !outcome.isMigrated else { return }
        let subject = outcome.subject
        throw CommandFailure(
            .error,
            [
                .error(
                    "\"\(subject.vm)\" was not migrated", detail: outcome.problem,
                    hint: "it runs on \(subject.from) as before", host: subject.from)
            ])
    }

    private static func result(_ one: MigrationBatch.Ended) throws -> MigrationOutcome {
        do {
            return try one.result.get()
        } catch let unknown as MigrationUnknown {
            throw CommandFailure(.unknownOutcome, [unknown.diagnostic])
        } catch let detached as MigrationDetached {
            throw letGo(of: one.vm, detached)
        }
    }

    static func letGo(of vm: String, _ detached: MigrationDetached) -> CommandFailure {
        let id = detached.operation
        Terminal.note(
            """
            let go of \(vm): the migration goes on by itself. `drover op watch \(id)` shows it, `drover op attach \(id)` \
            takes it over, `drover op cancel \(id)` calls it off; `drover op recover` tidies up after it
            """)
        return CommandFailure(.detached)
    }

    static func summary(_ outcome: MigrationOutcome) -> String {
        guard outcome.isMigrated else { return "" }
        let seconds = (outcome.seconds * 100).rounded() / 100
        let downtime = outcome.downtimeMilliseconds.map { "\($0) ms" } ?? "not seen"
        let libvirts = outcome.job?.downtime.map { " (libvirt's own figure: \($0) ms)" } ?? ""
        let memory = MigrationView.mebibytes(Int(clamping: outcome.job?.memory.processed ?? 0))
        return """
            \(outcome.subject.vm) is on \(outcome.subject.to)
            \(seconds) s, downtime \(downtime)\(libvirts), memory \(memory) MiB, \
            disk \(MigrationView.mebibytes(Int(clamping: outcome.diskBytes))) MiB, storage \(outcome.subject.storage)

            """
    }

    private static func table(_ ended: [MigrationBatch.Ended]) -> String {
        var table = Table("VM", "FROM", "TO", "RESULT", "SECONDS", "DOWNTIME", "MEMORY", "DISK")
        for one in ended {
            guard case .success(let outcome) = one.result else {
                table.add([one.vm, "", one.to.name, word(one), "", "", "", ""])
                continue
            }
            table.add([
                one.vm, outcome.subject.from, outcome.subject.to, word(one),
                "\((outcome.seconds * 10).rounded() / 10)",
                outcome.downtimeMilliseconds.map { "\($0) ms" } ?? "-",
                MigrationView.mebibytes(Int(clamping: outcome.job?.memory.processed ?? 0)) + " MiB",
                MigrationView.mebibytes(Int(clamping: outcome.diskBytes)) + " MiB",
            ])
        }
        return table.text
    }

    private static func word(_ one: MigrationBatch.Ended) -> String {
        switch one.result {
        case .success(let outcome):
            outcome.unknown != nil ? "unknown" : outcome.isMigrated ? "migrated" : "not-migrated"
        case .failure(is MigrationUnknown): "unknown"
        case .failure(is MigrationDetached): "detached"
        case .failure: "not-migrated"
        }
    }

    private static func value(_ one: MigrationBatch.Ended) -> Value {
        switch one.result {
        case .success(let outcome): outcome.value
        case .failure(let error):
            [
                "vm": Value(one.vm), "from": .null, "to": Value(one.to.name), "result": Value(word(one)),
                "problem": Value(HostProblem(error).diagnostic.summary),
            ]
        }
    }
}
