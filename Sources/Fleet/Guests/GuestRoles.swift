internal import Hypervisor
package import Inventory
internal import Values

/// Applies to guests the roles that the inventory gives them, as soon as their SSH servers answer.
package struct GuestRoles: Sendable {
    private let context: FleetContext
    private let driver: any HypervisorDriver
    private let options: StateRunOptions
    private let tell: @Sendable (RunEvent) -> Void

    /// - Parameter tell: told how the runs go.
    package init(
        _ context: FleetContext, driver: any HypervisorDriver, options: StateRunOptions = StateRunOptions(),
        tell: @escaping @Sendable (RunEvent) -> Void = { _ in }
    ) {
        self.context = context
        self.driver = driver
        self.options = options
        self.tell = tell
    }

    /// Waits for each VM that has roles, and applies them through its hypervisor.
    /// - Parameters:
    ///   - names: VMs that were started; those that `vms.yaml` wants paused or off are left out.
    ///   - seconds: how long to wait for each to be reached.
    /// - Returns: a report for each that has roles, in their order; one that did not answer in time says why not.
    package func apply(to names: [String], within seconds: Int) async -> [HostReport] {
        let work = names.filter { name in
            isMeantToRun(name) && !context.inventory.guest(name, address: name, jump: nil).roles.isEmpty
        }
        let run = StateRun(context, options: options, tell: tell)
        var reports = await withTaskGroup(of: [HostReport].self) { group in
            var missing: [Host] = []
            for await answer in readiness(of: work, within: seconds) {
                switch answer {
                case .ready(let host): group.addTask { await run.apply([], to: [host]) }
                case .late(let hosts): missing = hosts
                }
            }
            var reports = missing.map(Self.late)
            for await finished in group { reports += finished }
            return reports
        }
        reports.sort { (work.firstIndex(of: $0.host.name) ?? 0) < (work.firstIndex(of: $1.host.name) ?? 0) }
        return reports
    }

    private func isMeantToRun(_ name: String) -> Bool {
        let spec = try? context.inventory.machineSpec(name)
        return spec.map { $0.startState == .running } ?? true
    }

    /// Waits until guests can be logged in to.
    /// - Returns: those that could not in time, each with what stood in the way last.
    package func wait(for names: [String], within seconds: Int) async -> [Host] {
        for await case .late(let hosts) in readiness(of: names, within: seconds) { return hosts }
        return []
    }

    private enum Readiness: Sendable {
        case ready(Host)
        /// At the end, those that did not become it.
        case late([Host])
    }

    /// Tells of each guest once it can be logged in to.
    private func readiness(of names: [String], within seconds: Int) -> AsyncStream<Readiness> {
        AsyncStream { continuation in
            let task = Task {
                let late = await watch(names, until: Clock.monotonic + UInt64(max(0, seconds)) * 1_000_000_000) {
                    continuation.yield(.ready($0))
                }
                if !late.isEmpty { continuation.yield(.late(late)) }
                continuation.finish()
            }
            continuation.onTermination = { _ in task.cancel() }
        }
    }

    private enum Glance: Sendable {
        /// Where these guests are now.
        case looked([Host])
        /// One after an attempt to log in.
        case tried(Host)
    }

    /// Looks where the guests are again and again, and tries each by itself: a slow one holds up no other.
    private func watch(_ names: [String], until end: UInt64, _ ready: (Host) -> Void) async -> [Host] {
        var waiting = names
        var last: [String: Host] = [:]
        await withTaskGroup(of: Glance.self) { group in
            var tried: Set<String> = []
            var pause = 0
            func look() {
                let names = waiting.filter { !tried.contains($0) }
                let delay = Duration.milliseconds(pause)
                group.addTask {
                    try? await Task.sleep(for: delay)
                    return .looked(names.isEmpty ? [] : await GuestHosts(context, driver: driver).named(names))
                }
                pause = min(max(500, pause * 3 / 2), 2000)
            }
            look()
            while !waiting.isEmpty, let glance = await group.next() {
                switch glance {
                case .looked(let hosts):
                    for host in hosts where tried.count < context.parallel && tried.insert(host.name).inserted {
                        // A guest that boots refuses connections, and may show another key until cloud-init was there.
                        group.addTask { .tried(await attempted(host)) }
                    }
                    if Clock.monotonic < end, !Task.isCancelled { look() }
                case .tried(let host) where host.obstacle == nil:
                    waiting.removeAll { $0 == host.name }
                    ready(host)
                case .tried(let host):
                    tried.remove(host.name)
                    last[host.name] = host
                }
            }
            group.cancelAll()
        }
        return waiting.map { name in last[name] ?? context.inventory.guest(name, address: name, jump: nil) }
    }

    /// The host, with what stands in the way of a login.
    private func attempted(_ host: Host) async -> Host {
        var result = host
        do throws(HostProblem) {
            let connection = try await context.connector.connect(to: host)
            await connection.close()
        } catch {
            result.obstacle = error.diagnostic
        }
        return result
    }

    private static func late(_ host: Host) -> HostReport {
        var report = HostReport(host: host)
        let why = host.obstacle ?? .error("the VM was not found", host: host.name)
        report.problem = HostProblem(.unreachable, why)
        return report
    }
}
