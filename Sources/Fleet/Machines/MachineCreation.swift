internal import Hypervisor
package import Inventory
package import Values

/// Creates a VM: pool, image, volumes, first-boot image, definition, start. A failure or an interruption anywhere takes
/// everything back that was made on the way.
package struct MachineCreation: Sendable {
    package struct Created: Sendable {
        package let name: String
        package let uuid: String
        package let host: Host
        /// What it is doing now.
        package let state: StartState
        package fileprivate(set) var warnings: [Diagnostic]
    }

    private let context: FleetContext
    private let driver: any HypervisorDriver
    private let images: ImageStore
    private let say: @Sendable (String) -> Void

    /// - Parameter say: told what is being done, for a progress line.
    package init(
        _ context: FleetContext, driver: any HypervisorDriver, say: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        self.context = context
        self.driver = driver
        self.images = ImageStore(context.directory)
        self.say = say
    }

    /// - Parameters:
    ///   - host: where; nil for the one that the spec names, or else the best.
    ///   - assumedAbsent: hosts that do not answer and yet shall not keep the name from being used.
    ///   - census: which VMs there are, where somebody has chosen the host already; nil to ask and to choose.
    /// - Throws: `Diagnostics`, ``HostProblem``.
    package func create(
        _ spec: MachineSpec, on host: Host? = nil, assumedAbsent: [String] = [],
        census: FreshCensus? = nil
    ) async throws -> Created {
        var named = spec
        for file in spec.imageFiles { try await file.takeIn(context, say: say) }
        named.nameImages()
        return try await make(named, on: host, assumedAbsent, census)
    }

    private func make(
        _ spec: MachineSpec, on host: Host?, _ assumedAbsent: [String], _ census: FreshCensus?
    ) async throws -> Created {
        try check(spec)
        let lock = try OperationLock(context.directory, machine: spec.name)
        defer { withExtendedLifetime(lock) {} }
        let journal = Journal(context.directory)
        try journal.refuseUnsettled(named: spec.name)
        // Who had the name's lock before may have given it to a VM since the hosts were asked.
        let isRecent = journal.hasEnded(under: spec.name, within: 60)
        let known = await census?.answers(since: isRecent ? Clock.monotonic : 0)
        // Taken while the hosts are asked.
        let named = try host ?? spec.host.map(context.host(named:))
        let locked = NameHold(spec.name, for: "create", on: named, assumedAbsent, context, driver)
        return try await locked.hold.during {
            if let root = spec.rootTree {
                return try await makeContainer(spec, root, named, known, locked)
            }
            // Made while the hosts are asked.
            async let ownKey = FirstBoot.ownKey(for: spec)
            let choice = try await place(spec, host, assumedAbsent, known)
            let key: GuestKey?
            do {
                key = try await ownKey
            } catch {
                await choice.open?.connection.close()
                await choice.survey?.close(except: choice.host.name)
                throw error
            }
            return try await onHost(choice, spec) { connection in
                var created = try await build(spec, key, choice, connection, locked, census)
                created.warnings = choice.warnings + created.warnings
                return created
            }
        }
    }

    private func makeContainer(
        _ spec: MachineSpec, _ root: String, _ named: Host?, _ known: [MachineCensus.Answer]?, _ locked: NameHold
    ) async throws -> Created {
        let answers = if let known { known } else { await MachineCensus(context, driver: driver).take() }
        try MachineName.refuseTaken(spec.name, answers, assumedAbsent: locked.assumedAbsent)
        let creation = ContainerCreation(context: context, driver: driver, say: say)
        let host = try await creation.choose(named, among: answers)
        try await locked.take(on: host)
        let uuid = try await creation.create(spec, root, on: host)
        return Created(name: spec.name, uuid: uuid, host: host, state: spec.startState, warnings: [])
    }

    /// What would be defined; nothing is made anywhere.
    package func preview(
        _ spec: MachineSpec, on host: Host? = nil, assumedAbsent: [String] = []
    ) async throws -> (xml: String, host: Host, warnings: [Diagnostic]) {
        try check(spec)
        let choice = try await place(spec, host, assumedAbsent, nil)
        if let root = spec.rootTree {
            await choice.open?.connection.close()
            let creation = ContainerCreation(context: context, driver: driver, say: say)
            return (try await creation.preview(spec, root, on: choice.host), choice.host, choice.warnings)
        }
        return try await onHost(choice, spec) { connection in
            let draft = try await draft(spec, choice, connection, mayMakePool: false)
            var definition = draft.definition
            definition.predict(draft.pools)
            return (try definition.document().written(), choice.host, choice.warnings + draft.warnings)
        }
    }

    private func check(_ spec: MachineSpec) throws {
        try spec.validate()
        if let image = spec.image { _ = try images.find(image) }
    }

    private func onHost<Result: Sendable>(
        _ choice: Choice, _ spec: MachineSpec, _ body: (HypervisorConnection) async throws -> Result
    ) async throws -> Result {
        let host = choice.host
        let connection =
            if let open = choice.open { open.connection } else { try await driver.connect(to: host) }
        do {
            let result = try await body(connection)
            await connection.close()
            await choice.survey?.close(except: host.name)
            return result
        } catch {
            await connection.close()
            await choice.survey?.close(except: host.name)
            throw await explained(error, spec, host)
        }
    }

    private func explained(_ error: any Error, _ spec: MachineSpec, _ host: Host) async -> any Error {
        if var unsettled = error as? OperationUnsettled {
            unsettled.cause = await explained(unsettled.cause, spec, host)
            return unsettled
        }
        guard let error = error as? HypervisorError else { return error }
        let mayHaveStarted = error.operation.hasPrefix("start")
        let log =
            mayHaveStarted
            ? await QEMULog(connector: context.connector).lastWords(of: spec.name, on: host) : nil
        return CreationProblem.explained(error, spec, host, log: log)
    }

    private struct Choice {
        let host: Host
        let census: [MachineCensus.Answer]
        let warnings: [Diagnostic]
        /// The connection that the host was chosen by; nil where somebody else chose it.
        var open: StockGathering.Open?
        /// What it was chosen from, with connections to the other hosts that are to be closed.
        var survey: FleetSurvey?

        /// Those that are open still, by host.
        var connections: [String: HypervisorConnection] {
            let others = (survey?.answers ?? []).map { ($0.host.name, $0.open?.connection) }
            return Dictionary(others + [(host.name, open?.connection)]) { $1 ?? $0 }.compactMapValues { $0 }
        }
    }

    /// Makes sure that the name is free, and chooses the host.
    private func place(
        _ spec: MachineSpec, _ host: Host?, _ assumedAbsent: [String], _ census: [MachineCensus.Answer]?
    ) async throws -> Choice {
        if let census, let host {
            try MachineName.refuseTaken(spec.name, census, assumedAbsent: assumedAbsent)
            return Choice(host: host, census: census, warnings: [])
        }
        say("looking for \"\(spec.name)\" on every host")
        var spec = spec
        spec.host = host?.name ?? spec.host
        let placement = MachinePlacement(context, driver: driver)
        let survey = await placement.survey(for: spec, keepsConnections: true)
        do {
            try MachineName.refuseTaken(spec.name, survey.census, assumedAbsent: assumedAbsent)
            let choice = try placement.choose(spec, in: survey)
            return Choice(
                host: choice.host, census: survey.census, warnings: choice.warnings,
                open: survey.answers.first { $0.host.name == choice.host.name }?.open, survey: survey)
        } catch {
            await survey.close()
            throw error
        }
    }

    /// All that is decided before anything is made.
    private struct Draft {
        var definition: MachineDefinition
        let pools: [String: PoolInfo]
        let warnings: [Diagnostic]
    }

    private func draft(
        _ spec: MachineSpec, _ choice: Choice, _ connection: HypervisorConnection, mayMakePool: Bool
    ) async throws -> Draft {
        let host = choice.host
        let info = if let open = choice.open { open.info } else { try await connection.hostInfo() }
        try refuseUnknownMachine(spec, info.capabilities, host)
        let known = if let open = choice.open { open.pools } else { try await connection.pools() }
        let pools = try await pools(known, connection, mayMake: mayMakePool)
        // Only now it is known whose disk profile counts.
        for file in try spec.imageFiles(on: host) where mayMakePool { try await file.takeIn(context, say: say) }
        let layout = try MachineLayout(spec, on: host, pools: pools) { try images.find($0) }
        let accelerator: DomainSpec.Accelerator = info.capabilities.hasKVM() ? .kvm : .emulation
        let silent = choice.census.filter { if case .failure = $0.machines { true } else { false } }.map(\.host.name)
        let (cpu, warnings) = try await FleetProcessor(context: context, driver: driver).choose(
            spec.cpu, accelerator: accelerator, machine: spec.machine, on: host, of: choice.census.map(\.host),
            silent: Set(silent), over: connection)
        var metadata = DomainMetadata(owner: "drover", image: spec.image, profile: spec.profile)
        metadata.seed = spec.seed.rawValue
        metadata.spread = spec.spread
        metadata.affinity = spec.affinity
        metadata.labels[MachineSpec.placeLabel] = spec.place
        var definition = MachineDefinition(
            spec: spec, layout: layout, uuid: RandomUUID.make(), accelerator: accelerator, cpu: cpu, metadata: metadata)
        definition.iso = try await iso(spec, connection, host)
        return Draft(
            definition: definition, pools: pools, warnings: warnings + slow(accelerator, host) + unset(layout, host))
    }

    private func pools(
        _ known: [PoolInfo], _ connection: HypervisorConnection, mayMake: Bool
    ) async throws(HypervisorError) -> [String: PoolInfo] {
        let name = MachineParts.standardPool
        var pools = known
        if pools.first(where: { $0.name == name })?.isActive != true {
            let path = MachineParts.standardPoolPath
            let made =
                mayMake
                ? try await connection.createDirectoryPool(PoolSpec(name: name, path: path))
                : PoolInfo(name: name, path: path)
            pools.removeAll { $0.name == name }
            pools.append(made)
        }
        return Dictionary(pools.map { ($0.name, $0) }) { first, _ in first }
    }

    private func iso(
        _ spec: MachineSpec, _ connection: HypervisorConnection, _ host: Host
    ) async throws -> DiskSource? {
        guard let word = spec.iso else { return nil }
        if word.hasPrefix("/") { return .file(word) }
        let pool = MachineParts.standardPool
        guard let volume = try await connection.volume(word, in: pool) else {
            throw Diagnostics(
                .error(
                    "there is no ISO \"\(word)\" in pool \"\(pool)\"",
                    hint: "upload it with `drover pool volume upload`, or give its path on the host", host: host.name))
        }
        return .file(volume.path)
    }

    private func build(
        _ spec: MachineSpec, _ key: GuestKey?, _ choice: Choice, _ connection: HypervisorConnection,
        _ locked: NameHold, _ census: FreshCensus?
    ) async throws -> Created {
        // Decided while the locks are taken, done when they are held.
        async let isFree: Void = locked.take(on: choice.host, choice.connections, census: census)
        let draft = try await draft(spec, choice, connection, mayMakePool: true)
        try await isFree
        // While the work goes on.
        async let others: Void? = choice.survey?.close(except: choice.host.name)
        let made = try await make(spec, key, draft, choice.host, connection)
        await others
        return made
    }

    private func make(
        _ spec: MachineSpec, _ key: GuestKey?, _ draft: Draft, _ host: Host, _ connection: HypervisorConnection
    ) async throws -> Created {
        say("preparing storage on \(host.name)")
        var definition = draft.definition
        let layout = definition.layout
        // What contradicts itself, or a patch that does not fit, is found before anything is made.
        var trial = definition
        trial.predict(draft.pools)
        _ = try trial.document()
        let log = try Journal(context.directory).begin(
            "create",
            Mapping([
                ("vm", Value(spec.name)), ("uuid", Value(definition.uuid)), ("host", Value(host.name)),
                ("volumes", Value(layout.volumes.map { Value($0.name) })),
            ]))
        let work = CreationWork(
            context: context, driver: driver, host: host, connection: connection, layout: layout, pools: draft.pools,
            log: log, say: say)
        do {
            let guest = context.inventory.guest(spec.name, address: spec.name, jump: nil)
            let firstBoot = try FirstBoot(
                spec, instance: definition.uuid, nics: layout.nics, host: guest, key: key)
            definition.metadata.hostKey = firstBoot.publicHostKey
            let made = try await work.makeVolumes(seed: try firstBoot.pieces())
            try await work.seedOffline(firstBoot, into: made.places)
            definition.places = made.places
            definition.seed = made.seed
            definition.metadata.operation = log.id
            try await work.define(try definition.document(), uuid: definition.uuid, spec: spec)
        } catch {
            throw await work.undo(after: error, by: driver)
        }
        return Created(
            name: spec.name, uuid: definition.uuid, host: host, state: spec.startState, warnings: draft.warnings)
    }

    private func refuseUnknownMachine(
        _ spec: MachineSpec, _ capabilities: HostCapabilities, _ host: Host
    ) throws(Diagnostics) {
        let known = capabilities.guests.filter { $0.architecture == "x86_64" }.flatMap(\.machines)
        guard let machine = spec.machine, !known.isEmpty, !known.contains(machine) else { return }
        throw Diagnostics(
            .error(
                "its QEMU has no machine \"\(machine)\"",
                hint: NearestName.hint(for: machine, among: known) ?? "q35 and pc are the usual ones", host: host.name))
    }

    private func unset(_ layout: MachineLayout, _ host: Host) -> [Diagnostic] {
        layout.disks.filter { $0.request.hostnameProperty != nil }.map { disk in
            .warning(
                "the \"hostname_property\" of the disk \"\(disk.request.name)\" is not set",
                detail: "Drover sets no properties of ZFS volumes", host: host.name)
        }
    }

    private func slow(_ accelerator: DomainSpec.Accelerator, _ host: Host) -> [Diagnostic] {
        guard accelerator == .emulation else { return [] }
        return [
            .warning(
                "there is no KVM: the VM is emulated, which is slow",
                hint: "enable virtualisation in the machine's firmware", host: host.name)
        ]
    }
}

extension MachineDefinition {
    /// Fills in where volumes will be that are not there yet.
    mutating func predict(_ pools: [String: PoolInfo]) {
        func source(_ pool: String, _ name: String) -> DiskSource {
            let info = pools[pool]
            return .init(name, path: DiskPath.join(info?.path ?? MachineParts.standardPoolPath, name), in: info)
        }
        places = layout.disks.map { disk in
            switch disk.medium {
            case .empty: .empty
            case .path(let path): .init(existing: path, format: disk.request.format)
            case .made(let volume): .init(source: source(volume.pool, volume.name), format: volume.format)
            case .volume(let pool, let name):
                .init(source: source(pool, name), format: disk.request.format ?? "raw")
            }
        }
        seed = layout.seedPool.flatMap { source($0, layout.seed).path }
    }
}
