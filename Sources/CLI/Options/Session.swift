internal import Fleet
internal import Inventory
internal import Logging
internal import Values

extension CommonOptions {
    /// Reads the fleet and makes the connector: what nearly every command begins with.
    func context() throws -> FleetContext {
        let directory = fleetDirectory
        let inventory = try directory.loadInventory()
        let connector = try StandardConnector(directory, timeout: timeout, hosts: inventory.hosts)
        return FleetContext(
            directory: directory, inventory: inventory, connector: connector, parallel: parallel,
            timeout: .seconds(timeout), logger: logger)
    }

    /// The hosts that `-t` means, VMs among them; all hosts of the inventory when it is not given.
    func hosts(_ context: FleetContext) async throws -> [Host] {
        try await context.hosts(target) { try hypervisors(context) }
    }

    /// Tells on standard error how the work goes, if `-v` asks for it.
    var logger: Logger {
        let isVerbose = verbose
        return Logger(label: "drover") { _ in
            if isVerbose { return TerminalLog() }
            return SwiftLogNoOpLogHandler()
        }
    }

    /// A progress line; with `-v` it stays.
    func progress(_ words: String) { verbose ? Terminal.note(words) : Terminal.status(words) }

    /// Asks, unless `--yes` was given; elsewhere than on a terminal `--yes` is needed.
    func confirmed(_ question: String) throws {
        if yes { return }
        guard Terminal.isInputTerminal else {
            throw CommandFailure(.usage, [.error("this needs your consent", detail: question, hint: "add --yes")])
        }
        guard Terminal.confirm(question) else { throw CommandFailure(.error, [.error("not done: you said no")]) }
    }
}

/// Ends a command whose hosts did not all do their part: 3 for failures wins over 4 for unreachable ones.
func failIfAny(_ problems: [HostProblem]) throws {
    guard !problems.isEmpty else { return }
    let failed = problems.contains { $0.kind == .failed }
    throw CommandFailure(failed ? .hostsFailed : .hostsUnreachable, problems.map(\.diagnostic))
}

/// The same of things of any kind; what kept the only one is told, and exits, as it is.
/// - Parameter count: how many there were.
func failIfAny(_ errors: [any Error], of count: Int) throws {
    if count == 1, let only = errors.first { throw only }
    try failIfAny(errors.map { HostProblem($0) })
}
