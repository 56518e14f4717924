internal import Inventory
package import Values

/// Operations that other controllers began, or this one with another journal, as the hosts know them.
struct ForeignOperations: Sendable {
    let context: FleetContext

    /// One that is not settled.
    struct Trace: Sendable {
        let id: String
        let vm: String
        /// What each host has of it, by host: the journal's lines.
        var lines: [String: [String]]
    }

    /// - Returns: what hosts know, by operation, and why some did not tell.
    func look(at hosts: [Host]) async -> (traces: [Trace], problems: [HostProblem]) {
        let answers = await fanOut(hosts.filter(\.isHypervisor), limit: context.parallel) { host in
            await within(context.timeout) { await lines(of: host) } ?? .failure(.silent(host, after: context.timeout))
        }
        var traces: [String: Trace] = [:]
        var problems: [HostProblem] = []
        for (host, answer) in zip(hosts.filter(\.isHypervisor), answers) {
            switch answer {
            case .failure(let problem): problems.append(problem)
            case .success(let found):
                for (id, vm, line) in found {
                    traces[id, default: Trace(id: id, vm: vm, lines: [:])].lines[host.name, default: []].append(line)
                }
            }
        }
        return (traces.values.sorted { $0.id < $1.id }, problems)
    }

    private func lines(of host: Host) async -> Result<[(id: String, vm: String, line: String)], HostProblem> {
        let script = HostScript(
            variables: [("records", context.lockPlaces.records)],
            """
            for file in "$records"/*@vm-*.jsonl; do
                [ -r "$file" ] || continue
                while read -r line; do printf '%s %s\\n' "${file##*/}" "$line"; done <"$file"
            done
            exit 0
            """)
        do throws(HostProblem) {
            let connection = try await context.connector.connect(to: host)
            do throws(HostProblem) {
                let text = try await script.run(on: connection, host: host.name, doing: "look for operations")
                await connection.close()
                return .success(text.split(separator: "\n").compactMap(Self.read))
            } catch {
                await connection.close()
                throw error
            }
        } catch {
            return .failure(error)
        }
    }

    /// `OPERATION@vm-NAME.jsonl {...}`
    static func read(_ line: Substring) -> (id: String, vm: String, line: String)? {
        guard let space = line.firstIndex(of: " ") else { return nil }
        let file = line[..<space]
        guard file.hasSuffix(".jsonl"), let at = file.firstIndex(of: "@") else { return nil }
        let subject = file[file.index(after: at)...].dropLast(".jsonl".count)
        guard LockAnswer.isOperation(file[..<at]), subject.hasPrefix("vm-") else { return nil }
        return (String(file[..<at]), String(subject.dropFirst(3)), String(line[line.index(after: space)...]))
    }

    /// What is to be believed of it: the whole where both hosts say the same, and where only one says it, nothing by which
    /// a file would be removed. One host must not be able to have another's files removed.
    /// - Returns: nil for what is no migration between hosts of this inventory.
    static func believed(_ trace: Trace) -> (lines: [String], from: String, to: String)? {
        let begins = trace.lines.values.compactMap { lines in
            lines.first.flatMap { try? JSON.read(SourceText(name: trace.id, text: $0)).map }
        }
        guard var begin = begins.first, begin["kind"]?.string == "migrate", begin["step"]?.string == "begin",
            begin["vm"]?.string == trace.vm, begin["uuid"]?.string != nil, let from = begin["from"]?.string,
            let to = begin["to"]?.string, begin["moved"]?.list != nil
        else { return nil }
        guard trace.lines.keys.allSatisfy({ [from, to].contains($0) }) else { return nil }
        if let destination = trace.lines[to], let source = trace.lines[from], begins.count == 2,
            begins[0] == begins[1]
        {
            return (destination.count >= source.count ? destination : source, from, to)
        }
        begin["moved"] = Value([Value]())
        return ([JSON.write(Value(begin), pretty: false)], from, to)
    }
}

extension OperationRecovery {
    /// Takes over what other controllers left.
    /// - Parameter id: one operation; nil for all that hosts know and this journal does not.
    /// - Returns: what is now in the journal; what is to be said of the rest.
    package func adopt(_ id: String? = nil) async -> (records: [OperationRecord], warnings: [Diagnostic]) {
        let foreign = ForeignOperations(context: context)
        let (traces, problems) = await foreign.look(at: context.inventory.hosts)
        var warnings = problems.map { problem in
            var diagnostic = problem.diagnostic
            diagnostic.detail = [diagnostic.summary, diagnostic.detail].compactMap { $0 }.joined(separator: "\n")
            diagnostic.summary = "it cannot tell of operations that others have left unsettled"
            diagnostic.severity = .warning
            return diagnostic
        }
        var records: [OperationRecord] = []
        let journal = Journal(context.directory)
        for trace in traces where id == nil || trace.id == id {
            if let known = journal.operation(trace.id), !known.isClosed { continue }
            do {
                if let record = try await adopt(trace, foreign) { records.append(record) }
            } catch {
                var diagnostic = (error as? OperationLocked)?.diagnostic ?? HostProblem(error, host: nil).diagnostic
                diagnostic.severity = .warning
                warnings.append(diagnostic)
            }
        }
        return (records, warnings)
    }

    /// Under its locks, so that what is taken over is nobody's.
    private func adopt(_ trace: ForeignOperations.Trace, _ foreign: ForeignOperations) async throws -> OperationRecord?
    {
        guard let said = ForeignOperations.believed(trace) else {
            throw Diagnostics(
                .error(
                    "what \(trace.lines.keys.sorted().joined(separator: ", ")) knows of the operation \(trace.id) is no"
                        + " migration between hosts of this inventory",
                    hint: "look at it in \(context.lockPlaces.records), and remove it when it is settled"))
        }
        let hosts = [try context.host(named: said.from), try context.host(named: said.to)]
        let lock = try OperationLock(context.directory, machine: trace.vm)
        defer { withExtendedLifetime(lock) {} }
        var wish = HostLocks.Wish(machine: trace.vm, operation: "recover", on: hosts)
        wish.settles = trace.id
        let pending = PendingHold(context, wish)
        return try await pending.during {
            let hold = try await pending.value
            let again = await foreign.look(at: hosts).traces.first { $0.id == trace.id }
            // Somebody has settled it meanwhile.
            guard let again, let lines = ForeignOperations.believed(again)?.lines else { return nil }
            let journal = Journal(context.directory)
            if let known = journal.operation(trace.id), known.isClosed {
                // Settled here; only the hosts have not heard of it.
                await hold.forget(trace.id)
                return nil
            }
            return try journal.adopt(trace.id, lines)
        }
    }
}
