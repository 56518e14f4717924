internal import Hypervisor
internal import Inventory
package import Values

/// Gives a VM more or fewer processors, memory, and larger disks: live where its guest can take it, and for good.
package struct MachineResizing: Sendable {
    private let context: FleetContext
    private let driver: any HypervisorDriver

    package init(_ context: FleetContext, driver: any HypervisorDriver) {
        self.context = context
        self.driver = driver
    }

    /// - Returns: what has changed, and when each change takes effect; empty when the VM has all that already.
    /// - Throws: `Diagnostics` for what cannot be, before anything is changed; ``HostProblem``.
    package func resize(
        _ name: String, _ request: ResizeRequest, assumedAbsent: [String]? = nil
    ) async throws -> [MachineChange] {
        try request.validate()
        let census = MachineCensus(context, driver: driver)
        return try await resize(try await census.findSurely(name, assumedAbsent: assumedAbsent), request)
    }

    /// The same for one that was found, by who knows that no other host has it.
    func resize(_ found: MachineCensus.Found, _ request: ResizeRequest) async throws -> [MachineChange] {
        try request.validate()
        return try await MachineHold(context, driver: driver).with(found, for: "resize") { held in
            if held.isActive, request.scope != .next { try held.found.host.require(.liveChange) }
            if !request.disks.isEmpty { try held.found.host.require(.disks) }
            let work = try await ResizeWork(held.connection, held.found.machine, request)
            try work.refuse()
            try await Self.refuseBeyond(request, held)
            var fields = held.fields()
            for (key, value) in request.fields { fields[key] = value }
            let log = try Journal(context.directory).begin("resize", fields)
            var changes: [MachineChange] = []
            do {
                try await work.perform(&changes) { try log.record($0) }
                try log.record("finished")
                return changes
            } catch {
                // A refusal is an end too, and nobody else's hindrance.
                if !error.leavesEndUnknown { try? log.record(Self.end(changes)) }
                throw MachineChange.told(error, after: changes, on: held.found.host)
            }
        }
    }

    /// Refuses what the host may not promise even to this VM alone: libvirt finds out only when it starts.
    private static func refuseBeyond(_ request: ResizeRequest, _ held: HeldMachine) async throws {
        let (host, info) = (held.found.host, try await held.connection.hostInfo())
        let ratios = try OvercommitRatios(vars: host.vars)
        var problems: [Diagnostic] = []
        let cpus = Int(Double(info.cpus) * ratios.cpu)
        if let wanted = request.cpus, wanted > cpus {
            problems.append(
                .error(
                    "\(host.name) has \(info.cpus) processors, \(cpus) for guests: \(wanted) are too many",
                    hint: "virt:placement:cpu_ratio says how many there are for each", host: host.name))
        }
        let memory = Int(Double(info.memoryMiB) * ratios.memory)
        if let wanted = request.memory?.mebibytes, wanted > memory {
            problems.append(
                .error(
                    "\(host.name) has \(memory) MiB of memory for guests: \(wanted) MiB are too many",
                    hint: "virt:placement:memory_ratio says how much may be promised", host: host.name))
        }
        if let found = Diagnostics(problems) { throw found }
    }

    private static func end(_ changes: [MachineChange]) -> String { changes.isEmpty ? "undone" : "finished" }

    /// What was begun is done to its end: every step is harmless when it is taken twice. What the host refuses, or somebody
    /// has made larger meanwhile, stays as it is.
    func settle(_ record: OperationRecord) async throws -> String {
        let log = Journal(context.directory).resume(record)
        return try await MachineHold(context, driver: driver).settling(record) { connection, machine in
            guard let machine else {
                try log.record("undone")
                return "undone"
            }
            var changes: [MachineChange] = []
            do {
                let work = try await ResizeWork(connection, machine, ResizeRequest(record))
                try work.refuse()
                try await work.perform(&changes) { try log.record($0) }
                try log.record("finished")
                return "finished"
            } catch {
                guard !error.leavesEndUnknown else { throw error }
                let problem = HostProblem(error).diagnostic
                try log.recordKept([
                    .warning(
                        "\"\(machine.name)\" was not resized as it was to be", detail: problem.summary,
                        hint: "`drover vm show \(machine.name)` shows what it has")
                ])
                try log.record(Self.end(changes))
                return Self.end(changes)
            }
        }
    }
}

/// One resize on the VM's host: what is, what is wanted, and the calls between.
private struct ResizeWork {
    let connection: HypervisorConnection
    let machine: DomainSummary
    let request: ResizeRequest
    /// Nil while it is off.
    let live: DomainDescription?
    let config: DomainDescription
    /// Each disk to be resized, with its size now.
    let disks: [(disk: MachineDisk, size: UInt64, wanted: UInt64)]

    private var domain: DomainReference { .uuid(machine.uuid) }
    private var changesConfig: Bool { request.scope != .live }
    private var changesLive: Bool { live != nil && request.scope != .next }

    init(_ connection: HypervisorConnection, _ machine: DomainSummary, _ request: ResizeRequest) async throws {
        self.connection = connection
        self.machine = machine
        self.request = request
        let domain = DomainReference.uuid(machine.uuid)
        live = machine.state.isActive ? try await connection.description(of: domain) : nil
        config = try await connection.description(of: domain, .inactive)
        let all = try await MachineDisk.all(of: live ?? config, over: connection)
        var found: [(MachineDisk, UInt64, UInt64)] = []
        for wish in request.disks {
            let disk = try MachineDisk.find(wish.name, among: all, of: machine.name)
            let size =
                live == nil ? disk.volume?.capacity ?? 0 : try await connection.capacity(of: domain, disk: disk.target)
            found.append((disk, size, UInt64(wish.size.bytes)))
        }
        disks = found
    }

    /// - Throws: `Diagnostics` with all that stands against it.
    func refuse() throws(Diagnostics) {
        var problems: [Diagnostic] = []
        for (disk, size, wanted) in disks {
            if wanted < size {
                problems.append(
                    .error(
                        "the disk \"\(disk.name)\" of \"\(machine.name)\" has \(Self.text(size)) and cannot shrink",
                        detail: "what its guest has behind \(Self.text(wanted)) would be lost"))
            }
            if !disk.isWritable {
                problems.append(.error("the disk \"\(disk.name)\" of \"\(machine.name)\" is only read"))
            } else if live == nil && disk.volume?.pool == nil {
                problems.append(
                    .error("the disk \"\(disk.name)\" is in no pool", hint: "resize it while the VM runs"))
            }
        }
        if request.scope == .live {
            if live == nil {
                problems.append(.error("\"\(machine.name)\" does not run", hint: "leave out --live-only"))
            }
            if let cpus = request.cpus, let live, cpus > live.maximumCPUs {
                problems.append(
                    .error("it was started with at most \(live.maximumCPUs) processors", hint: "leave out --live-only"))
            }
            if let memory = request.memory, let live, memory.mebibytes > live.memoryMiB {
                problems.append(
                    .error("it was started with at most \(live.memoryMiB) MiB of memory", hint: "leave out --live-only")
                )
            }
        }
        if changesConfig, wantsMoreCPUs, config.cpu?.first("topology") != nil {
            problems.append(
                .error(
                    "the processors of \"\(machine.name)\" are arranged in sockets and cores by its definition",
                    detail: "a new maximum would not fit them", hint: "take <topology> out of its <cpu> first"))
        }
        if let maximum = request.maximumCPUs, request.cpus == nil, maximum < config.cpus {
            problems.append(.error("it has \(config.cpus) processors", hint: "lower --cpus too"))
        }
        if let maximum = request.maximumMemory, request.memory == nil, maximum.mebibytes < config.currentMemoryMiB {
            problems.append(.error("it has \(config.currentMemoryMiB) MiB of memory", hint: "lower --memory too"))
        }
        if let found = Diagnostics(problems) { throw found }
    }

    private var wantsMoreCPUs: Bool {
        (request.maximumCPUs.map { $0 != config.maximumCPUs } ?? false)
            || (request.cpus.map { $0 > config.maximumCPUs } ?? false)
    }

    /// - Parameters:
    ///   - changes: gets what was done, also when the rest is refused.
    ///   - note: writes the step down before it is taken.
    func perform(_ changes: inout [MachineChange], note: (String) throws -> Void) async throws {
        if request.cpus != nil || request.maximumCPUs != nil {
            try note("cpus")
            changes += try await resizeCPUs()
        }
        if request.memory != nil || request.maximumMemory != nil {
            try note("memory")
            changes += try await resizeMemory()
        }
        for (disk, size, wanted) in disks where wanted > size {
            try note("disk \(disk.name)")
            if live != nil {
                try await connection.resizeDisk(disk.target, of: domain, to: wanted)
            } else if let volume = disk.volume, let pool = volume.pool {
                try await connection.resizeVolume(volume.name, in: pool, to: wanted)
            }
            changes.append(
                MachineChange(
                    "disk \(disk.name)", from: Self.text(size), to: Self.text(wanted), now: live == nil ? nil : true,
                    note: "the guest has to grow its file system; cloud images do so at their next start"))
        }
    }

    private func resizeCPUs() async throws -> [MachineChange] {
        var changes: [MachineChange] = []
        let wanted = request.cpus ?? config.cpus
        let maximum = request.maximumCPUs ?? max(config.maximumCPUs, wanted)
        let isPlain = config.maximumCPUs == config.cpus && request.maximumCPUs == nil
        // A VM without headroom is not given any by having fewer.
        let top = isPlain ? wanted : maximum
        if changesConfig, top != config.maximumCPUs || wanted != config.cpus {
            if top < config.cpus { try await connection.setCPUs(domain, wanted, .config) }
            if top != config.maximumCPUs { try await connection.setCPUs(domain, top, .config, maximum: true) }
            if wanted != min(config.cpus, top) { try await connection.setCPUs(domain, wanted, .config) }
        }
        if let cpus = request.cpus, cpus != (live ?? config).cpus || (changesConfig && cpus != config.cpus) {
            let (now, why) = try await setLiveCPUs(cpus)
            changes.append(
                MachineChange(
                    "cpus", from: "\((live ?? config).cpus)", to: "\(cpus)", now: now, next: changesConfig, note: why))
        }
        if let maximum = request.maximumCPUs, maximum != config.maximumCPUs {
            changes.append(
                MachineChange(
                    "max cpus", from: "\(config.maximumCPUs)", to: "\(maximum)", now: live == nil ? nil : false))
        }
        return changes
    }

    private func setLiveCPUs(_ cpus: Int) async throws(HypervisorError) -> (now: Bool?, why: String?) {
        guard let live else { return (nil, nil) }
        guard changesLive else { return (cpus == live.cpus, nil) }
        guard cpus != live.cpus else { return (true, nil) }
        guard cpus <= live.maximumCPUs else {
            return (false, "it was started with at most \(live.maximumCPUs)")
        }
        do throws(HypervisorError) {
            try await connection.setCPUs(domain, cpus, .live)
            return (true, nil)
        } catch {
            guard changesConfig, !error.isConnectionLoss else { throw error }
            return (false, "not while it runs: \(error.message)")
        }
    }

    private func resizeMemory() async throws -> [MachineChange] {
        var changes: [MachineChange] = []
        let wanted = request.memory?.mebibytes ?? config.currentMemoryMiB
        let isPlain = config.memoryMiB == config.currentMemoryMiB && request.maximumMemory == nil
        let top = isPlain ? wanted : request.maximumMemory?.mebibytes ?? max(config.memoryMiB, wanted)
        if changesConfig, top != config.memoryMiB || wanted != config.currentMemoryMiB {
            if top != config.memoryMiB {
                try await connection.setMemory(domain, mebibytes: top, .config, maximum: true)
            }
            try await connection.setMemory(domain, mebibytes: wanted, .config)
        }
        if request.memory != nil,
            wanted != (live ?? config).currentMemoryMiB || (changesConfig && wanted != config.currentMemoryMiB)
        {
            let (now, why) = try await setLiveMemory(wanted)
            changes.append(
                MachineChange(
                    "memory", from: Self.text(UInt64((live ?? config).currentMemoryMiB) << 20),
                    to: Self.text(UInt64(wanted) << 20), now: now, next: changesConfig, note: why))
        }
        if let maximum = request.maximumMemory, maximum.mebibytes != config.memoryMiB {
            changes.append(
                MachineChange(
                    "max memory", from: Self.text(UInt64(config.memoryMiB) << 20), to: maximum.description,
                    now: live == nil ? nil : false))
        }
        return changes
    }

    /// The balloon driver follows when it can: what it gave is looked at, not what was asked for.
    private func setLiveMemory(_ wanted: Int) async throws -> (now: Bool?, why: String?) {
        guard let live else { return (nil, nil) }
        guard changesLive else { return (wanted == live.currentMemoryMiB, nil) }
        guard wanted <= live.memoryMiB else { return (false, "it was started with at most \(live.memoryMiB) MiB") }
        do throws(HypervisorError) {
            try await connection.setMemory(domain, mebibytes: wanted, .live)
        } catch {
            guard changesConfig, !error.isConnectionLoss else { throw error }
            return (false, "not while it runs: \(error.message)")
        }
        for _ in 0..<20 {
            if let has = try await connection.balloon(domain), abs(has - wanted) <= 1 { return (true, nil) }
            try await Task.sleep(for: .milliseconds(250))
        }
        let has = try await connection.balloon(domain)
        return (false, "asked for; the guest still has \(has.map { "\($0) MiB" } ?? "what it had")")
    }

    private static func text(_ bytes: UInt64) -> String { ByteSize(bytes: Int(clamping: bytes)).description }
}
