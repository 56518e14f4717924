package import Inventory
internal import Logging
package import Modules
package import States
internal import Values

/// How a state run is to be done.
package struct StateRunOptions: Sendable {
    /// Check only: nothing is changed.
    package var test = false
    /// Show new files as diffs too.
    package var diff = false
    /// Seconds that a host waits for the confirmation of a network change.
    package var confirmSeconds = 60

    package init() {}
}

/// What is told while hosts work.
package enum RunEvent: Sendable {
    case connecting(String)
    case began(host: String, states: Int)
    /// A state begins.
    case state(host: String, chunk: LowChunk)
    case result(host: String, chunk: LowChunk, StateResult)
    /// A host changed its network and waits to be reached again.
    case confirming(host: String)
}

/// Puts hosts through states: facts, compilation, comparison, shipment and results over one connection and one channel.
package struct StateRun: Sendable {
    private let context: FleetContext
    private let options: StateRunOptions
    private let keys: KeyMaterials
    private let driver: any HypervisorDriver
    private let tell: @Sendable (RunEvent) -> Void

    /// - Parameters:
    ///   - keys: what `virt.keys` ships; the authority's as it stands when nil.
    ///   - driver: the way to the hypervisors, for states of VMs; with the controller's own certificate when nil.
    package init(
        _ context: FleetContext, options: StateRunOptions = StateRunOptions(), keys: KeyMaterials? = nil,
        driver: (any HypervisorDriver)? = nil,
        tell: @escaping @Sendable (RunEvent) -> Void = { _ in }
    ) {
        self.context = context
        self.options = options
        self.keys = keys ?? KeyMaterials(context)
        self.driver = driver ?? ControllerDriver(context.directory, timeout: .seconds(15))
        self.tell = tell
    }

    /// Applies to each host its own roles, or those of `roles` that it has (all of them if `forced`).
    /// - Returns: a report for each host that has anything to do, in the hosts' order.
    package func apply(_ roles: [String], to hosts: [Host], forced: Bool = false) async -> [HostReport] {
        let work = hosts.map { ($0, HostRoles(assigned: $0.roles).sls(named: roles, regardless: forced)) }
            .filter { !$0.1.isEmpty }
        return await fanOut(work, limit: context.parallel) { host, roles in
            await run(on: host) { planning throws(Diagnostics) in try planning.compile(roles) }
        }
    }

    /// Puts one host through a low state made elsewhere, as certificate deliveries do.
    package func run(_ low: LowState, on host: Host) async -> HostReport {
        await run(on: host) { _ throws(Diagnostics) in low }
    }

    private func run(
        on host: Host, _ compile: @escaping @Sendable (HostPlanning) throws(Diagnostics) -> LowState
    ) async -> HostReport {
        tell(.connecting(host.name))
        let began = Clock.monotonic
        var report = HostReport(host: host)
        do {
            let connection = try await context.connector.connect(to: host)
            log(host, "connected", since: began)
            do {
                try await run(on: host, over: connection, compile, into: &report)
            } catch {
                await connection.close()
                throw error
            }
            await connection.close()
        } catch let problem as HostProblem {
            report.problem = problem
        } catch let found as Diagnostics {
            report.refusal = found.all
        } catch {
            report.problem = HostProblem(.failed, .error("\(error)", host: host.name))
        }
        report.seconds = Clock.seconds(since: began)
        return report
    }

    private func run(
        on host: Host, over connection: any HostConnection,
        _ compile: @Sendable (HostPlanning) throws(Diagnostics) -> LowState, into report: inout HostReport
    ) async throws {
        let channel = try await RunChannel.open(on: connection, host: host.name)
        do {
            let asked = Clock.monotonic
            let facts = try await FactGathering.facts(of: host, over: channel)
            log(host, "gathered \(facts.count) facts", since: asked)
            FactCache(context.directory).write(facts, of: host.name)
            let planning = HostPlanning(context.directory, host: host, facts: facts, test: options.test)
            let low = try compile(planning)
            report.warnings = low.warnings
            let materials = try await materials(for: low, host, channel)
            let plan = try planning.plan(low, materials: materials)
            try VirtualStates(context, driver: driver, host: host).check(plan.chunks)
            report.warnings += plan.warnings
            report.chunks = plan.chunks
            log(host, "compiled \(plan.chunks.count) states")
            tell(.began(host: host.name, states: plan.chunks.count))
            try await ship(plan, over: channel)
            try await execute(plan, on: host, over: channel, of: connection, into: &report)
            await channel.bye()
        } catch {
            await channel.bye()
            throw error
        }
    }

    /// The authority is asked only where a state ships certificates.
    private func materials(for low: LowState, _ host: Host, _ channel: RunChannel) async throws -> Materials {
        let shipping = low.chunks.first { $0.state == "virt" && $0.function == "keys" }
        guard let shipping else { return Materials() }
        return try await keys.materials(for: host, arguments: shipping.arguments, over: channel, test: options.test)
    }

    /// Sends what differs over there; the hashes of destinations are compared by the host, in one call.
    private func ship(_ plan: HostPlan, over channel: RunChannel) async throws {
        guard !plan.files.isEmpty else { return }
        try await channel.put("check", Array(plan.checkScript().utf8))
        let (output, _) = try await channel.exec("check")
        // A host that cannot say gets everything.
        let shipment = plan.shipment(present: plan.present(output) ?? [:])
        for file in shipment { try await channel.put(file.blob, file.content) }
        log(channel.hostName, "sent \(shipment.count) of \(plan.files.count) files")
    }

    private func log(_ host: Host, _ words: String, since start: UInt64? = nil) {
        let time = start.map { " in \(Int(Clock.seconds(since: $0) * 1000)) ms" } ?? ""
        log(host.name, words + time)
    }

    private func log(_ host: String, _ words: String) { context.logger.debug("\(host): \(words)") }

    private func execute(
        _ plan: HostPlan, on host: Host, over channel: RunChannel, of connection: any HostConnection,
        into report: inout HostReport
    ) async throws {
        let program = plan.program(
            nonce: channel.nonce, test: options.test, diff: options.diff, confirmSeconds: options.confirmSeconds)
        try await channel.put("program", Array(program.utf8))
        log(host, "sent a program of \(program.utf8.count) bytes to \(channel.directory)")
        var results: [StateResult] = []
        var isComplete = false
        var stray: [String] = []
        var confirmation: Task<Void, Never>?
        let answers = RunAnswers(connection, run: channel.directory, host: host.name)
        let foresight = Foresight()
        let code: Int?
        do {
            code = try await channel.start("program") { record throws(HostProblem) in
                switch record {
                case .progress(let index):
                    if plan.chunks.indices.contains(index) { tell(.state(host: host.name, chunk: plan.chunks[index])) }
                case .state(let result):
                    guard plan.chunks.indices.contains(result.chunk) else { return }
                    results.append(result)
                    tell(.result(host: host.name, chunk: plan.chunks[result.chunk], result))
                case .needConfirm(let token, let seconds):
                    tell(.confirming(host: host.name))
                    confirmation = Task { await confirm(token, within: seconds, on: host) }
                case .ask(let index, let test):
                    guard plan.isControllers(index) else { return }
                    // Whatever a host says: a check changes nothing.
                    let virtual = VirtualStates(
                        context, driver: driver, host: host, foresight: options.test ? foresight : Foresight())
                    try await answers.carryOut(index, plan.chunks[index], test: test || options.test, by: virtual)
                case .end: isComplete = true
                case .stray(let text): stray.append(text)
                default: return
                }
            }
        } catch {
            confirmation?.cancel()
            report.results = results
            throw error
        }
        await answers.close()
        await confirmation?.value
        report.results = results
        if !isComplete {
            let said = stray.joined().isEmpty ? "exit code \(code.map(String.init) ?? "unknown")" : stray.joined()
            throw HostProblem(.failed, .error("the run ended before its end", detail: said, host: host.name))
        }
    }

    /// Tells the host over a new connection that it can still be reached. Tried until the host's own deadline.
    private func confirm(_ token: String, within seconds: Int, on host: Host) async {
        guard let text = NetworkConfirm.script(token) else { return }
        let end = Clock.monotonic + UInt64(max(1, seconds)) * 1_000_000_000
        while Clock.monotonic < end, !Task.isCancelled {
            if let connection = try? await context.connector.connect(to: host) {
                let script = HostScript(text)
                let answer = try? await script.run(on: connection, host: host.name, doing: "confirm its network")
                await connection.close()
                if answer?.hasPrefix("confirmed") == true { return }
            }
            try? await Task.sleep(for: .milliseconds(300))
        }
    }
}
