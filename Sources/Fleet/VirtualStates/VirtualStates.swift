internal import Hypervisor
package import Inventory
package import Modules
package import States
package import Values

/// Carries out the states of VMs, pools, volumes and networks, over libvirt, for the host whose state it is.
package struct VirtualStates: Sendable {
    private let context: FleetContext
    private let driver: any HypervisorDriver
    private let host: Host
    private let foresight: Foresight

    /// - Parameter foresight: what the states of a check tell one another; one for each check of a host.
    package init(
        _ context: FleetContext, driver: any HypervisorDriver, host: Host, foresight: Foresight = Foresight()
    ) {
        self.foresight = foresight
        self.context = context
        self.driver = driver
        self.host = host
    }

    /// What each function does; the same code foretells and acts.
    private static let functions: [String: @Sendable (VirtualCall) async throws -> ControllerAnswer] = [
        "stopped": PowerStates.stopped, "powered_off": PowerStates.poweredOff, "unpowered": PowerStates.poweredOff,
        "rebooted": PowerStates.rebooted, "snapshot": SnapshotStates.snapshot, "saved": SnapshotStates.snapshot,
        "reverted": SnapshotStates.reverted, "running": MachineStates.running, "defined": MachineStates.defined,
        "pool_defined": StoreStates.poolDefined, "pool_running": StoreStates.poolRunning,
        "pool_deleted": StoreStates.poolDeleted, "network_defined": StoreStates.networkDefined,
        "network_running": StoreStates.networkRunning, "volume_defined": StoreStates.volumeDefined,
    ]

    /// Looks at arguments as far as that can be done before anything is run.
    /// - Throws: every mistake, with its place.
    package func check(_ chunks: [LowChunk]) throws(Diagnostics) {
        var problems: [Diagnostic] = []
        for chunk in chunks where ["virt", "libvirt"].contains(chunk.state) {
            do throws(Diagnostics) {
                let call = VirtualCall(
                    context, driver: driver, host: host, chunk: chunk, isTest: true, foresight: foresight)
                try call.checkConnection()
                switch chunk.function {
                case "running", "defined": _ = try MachineArguments(call)
                case "pool_defined", "pool_running":
                    var arguments = call.storeArguments.map ?? Mapping()
                    // Of a pool that is there it is known by then.
                    if arguments["ptype"] == nil { arguments["ptype"] = "dir" }
                    _ = try PoolWish(call.name, arguments: Value(arguments, at: chunk.mark))
                case "network_defined", "network_running":
                    _ = try NetworkWish(call.name, arguments: call.storeArguments)
                case "volume_defined": _ = try VolumeWish(call.name, arguments: call.storeArguments)
                default: break
                }
            } catch {
                problems += error.all
            }
        }
        if let found = Diagnostics(problems) { throw found }
    }

    /// Carries out one state, or foretells what it would do.
    package func answer(_ chunk: LowChunk, test: Bool) async -> ControllerAnswer {
        do {
            let call = VirtualCall(
                context, driver: driver, host: host, chunk: chunk, isTest: test, foresight: foresight)
            guard let function = Self.functions[chunk.function] else {
                return ControllerAnswer(result: false, comment: "There is no state virt.\(chunk.function)")
            }
            try call.checkConnection()
            return try await function(call)
        } catch {
            // A hypervisor that is still to be made does not answer yet.
            let isSoft = (error as? HostProblem)?.kind == .unreachable
            return ControllerAnswer(result: false, comment: Self.words(error, host: host.name), isSoft: isSoft)
        }
    }

    /// What an error says, in the lines of a comment.
    static func words(_ error: any Error, host: String) -> String {
        let problems: [Diagnostic]
        switch error {
        case let found as Diagnostics: problems = found.all
        case let found as HostProblem: problems = [found.diagnostic]
        case let found as FileError: problems = [found.diagnostic]
        case let found as OperationLocked: problems = [found.diagnostic]
        case let found as HypervisorError: problems = [HostProblem(found, host: host).diagnostic]
        default: return "\(error)"
        }
        return problems.map { [$0.summary, $0.detail, $0.hint].compactMap { $0 }.joined(separator: "\n") }
            .joined(separator: "\n")
    }
}
