internal import Hypervisor
package import Inventory
package import Values

/// Creates a VM: pool, image, overlay, first-boot image, definition, start. A failure or an interruption anywhere takes
/// everything back that was made on the way.
package struct MachineCreation: Sendable {
    package struct Created: Sendable {
        package let name: String
        package let uuid: String
        package let host: Host
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
    ///   - census: which VMs there are, where somebody asked already and chose the host by it; nil to ask and to choose.
    /// - Throws: `Diagnostics`, ``HostProblem``.
    package func create(
        _ spec: MachineSpec, on host: Host? = nil, assumedAbsent: [String] = [],
        census: [MachineCensus.Answer]? = nil
    ) async throws -> Created {
        try spec.validate()
        guard let word = spec.image else { throw Diagnostics(.error("\"\(spec.name)\" needs an image")) }
        let image = try images.find(word)
        let lock = try OperationLock(context.directory, machine: spec.name)
        defer { withExtendedLifetime(lock) {} }
        let choice = try await place(spec, host, assumedAbsent, census)
        let host = choice.host
        let connection = try await driver.connect(to: host)
        do {
            var created = try await build(spec, image, host, connection)
            created.warnings = choice.warnings + created.warnings
            await connection.close()
            return created
        } catch let error as HypervisorError {
            await connection.close()
            throw Self.explained(error, spec, host)
        } catch {
            await connection.close()
            throw error
        }
    }

    /// Makes sure that the name is free, and chooses the host.
    private func place(
        _ spec: MachineSpec, _ host: Host?, _ assumedAbsent: [String], _ census: [MachineCensus.Answer]?
    ) async throws -> MachinePlacement.Choice {
        if let census, let host {
            try refuseTaken(spec.name, census, assumedAbsent)
            return MachinePlacement.Choice(host: host, warnings: [])
        }
        say("looking for \"\(spec.name)\" on every host")
        let answers = await MachineCensus(context, driver: driver).take()
        try refuseTaken(spec.name, answers, assumedAbsent)
        var spec = spec
        spec.host = host?.name ?? spec.host
        return try await MachinePlacement(context, driver: driver).choose(spec, census: answers)
    }

    /// libvirt speaks of UUIDs and system calls; its words stay, behind what they mean here.
    private static func explained(_ error: HypervisorError, _ spec: MachineSpec, _ host: Host) -> HostProblem {
        var problem = HostProblem(error, host: host.name)
        let bridge = error.message.firstMatch(
            of: /interface MTU on '([^']+)'|bridge (?:name )?'?([\w.-]+)'? (?:not found|does not exist)/)
        if let name = bridge?.1 ?? bridge?.2 {
            problem.diagnostic.summary = "\"\(spec.name)\" cannot be connected: there is no bridge \"\(name)\""
            problem.diagnostic.hint = "apply the role bridge to \(host.name), or name another bridge with --bridge"
        } else if error.message.contains("cannot set up guest memory")
            || error.message.contains("Cannot allocate memory")
        {
            problem.diagnostic.summary =
                "\(host.name) has not the \(spec.memory) of memory that \"\(spec.name)\" asks for"
            problem.diagnostic.hint = "ask for less with --memory, or choose another host"
        } else {
            problem.diagnostic.summary = "cannot create \"\(spec.name)\": \(error.operation) failed"
        }
        problem.diagnostic.detail = error.message
        return problem
    }

    private func build(
        _ spec: MachineSpec, _ image: StoredImage, _ host: Host, _ connection: HypervisorConnection
    ) async throws -> Created {
        let parts = MachineParts(spec: spec, uuid: RandomUUID.make())
        let size = try spec.diskBytes(on: host, image: image)
        let nics = try spec.nics(on: host)
        let guest = context.inventory.guest(spec.name, address: spec.name, jump: nil)
        let firstBoot = try await FirstBoot(spec, instance: parts.uuid, nics: nics, host: guest)
        let info = try await connection.hostInfo()
        say("preparing storage on \(host.name)")
        try await connection.createDirectoryPool(PoolSpec(name: parts.pool, path: parts.poolPath))
        try await refuseTakenVolumes(parts, host, connection)
        let log = try Journal(context.directory).begin(
            "create",
            Mapping([
                ("vm", Value(spec.name)), ("uuid", Value(parts.uuid)), ("host", Value(host.name)),
                ("pool", Value(parts.pool)), ("volumes", Value(parts.volumes.map { Value($0) })),
            ]))
        do {
            let placement = ImagePlacement(connector: context.connector, pool: parts.pool)
            let base = try await placement.place(
                image, on: host, over: connection,
                willMake: { try log.record("making", Mapping([("volume", Value($0))])) }
            ) { [say] sent, total in
                say("uploading \(image.name) to \(host.name): \(sent * 100 / max(1, total)) %")
            }
            try await makeVolumes(parts, firstBoot, base, image, size, connection, log)
            var domain = parts.domain(
                spec, accelerator: info.capabilities.hasKVM() ? .kvm : .emulation,
                interfaces: MachineSpec.interfaces(nics))
            domain.metadata = DomainMetadata(owner: "drover", image: image.name, operation: log.id)
            domain.metadata?.hostKey = firstBoot.publicHostKey
            domain.metadata?.seed = spec.seed.rawValue
            say("starting \(spec.name)")
            try await connection.define(xml: DomainXML.text(domain))
            if spec.autostart { try await connection.setAutostart(.uuid(parts.uuid), true) }
            try Task.checkCancellation()
            // From here on the VM may have been in use, whatever becomes of this process.
            try log.record("starting")
            try await connection.start(.uuid(parts.uuid))
            try log.record("finished")
        } catch {
            await undo(parts, connection, log)
            throw error
        }
        return Created(name: spec.name, uuid: parts.uuid, host: host, warnings: warnings(info, host))
    }

    /// What is there already is somebody's: from here on all that bears these names was made by this operation.
    private func refuseTakenVolumes(
        _ parts: MachineParts, _ host: Host, _ connection: HypervisorConnection
    ) async throws {
        for name in parts.volumes where try await connection.volume(name, in: parts.pool) != nil {
            throw Diagnostics(
                .error(
                    "the volume \"\(name)\" exists already in pool \"\(parts.pool)\"",
                    hint: "`drover op recover` removes what an interrupted creation left; or choose another name",
                    host: host.name))
        }
    }

    private func makeVolumes(
        _ parts: MachineParts, _ firstBoot: FirstBoot, _ base: VolumeInfo, _ image: StoredImage, _ size: Int,
        _ connection: HypervisorConnection, _ log: OperationLog
    ) async throws {
        func make(_ volume: VolumeSpec) async throws {
            try log.record("making", Mapping([("volume", Value(volume.name))]))
            _ = try await connection.createVolume(volume, in: parts.pool)
        }
        let backing = VolumeSpec.Backing(path: base.path, format: image.header.format.rawValue)
        try await make(VolumeSpec(name: parts.disk, capacity: UInt64(size), format: "qcow2", backing: backing))
        let seed = try await SeedImage(try firstBoot.pieces())
        let length = UInt64(DiskPath.size(seed.path) ?? 0)
        try await make(VolumeSpec(name: parts.seed, capacity: length, format: "raw", mode: 0o600))
        try await connection.upload(seed.path, to: parts.seed, in: parts.pool)
    }

    /// Takes back what was made; runs to its end though the task was cancelled.
    private func undo(_ parts: MachineParts, _ connection: HypervisorConnection, _ log: OperationLog) async {
        await Task {
            let made = Journal(context.directory).operation(log.id)?.all("volume") ?? []
            if await MachineRemnants(parts, volumes: made).remove(over: connection) { try? log.record("undone") }
        }.value
    }

    private func refuseTaken(_ name: String, _ answers: [MachineCensus.Answer], _ assumed: [String]) throws(Diagnostics)
    {
        for answer in answers {
            switch answer.machines {
            case .success(let machines):
                guard let taken = machines.first(where: { $0.name == name }) else { continue }
                throw Diagnostics(
                    .error(
                        "the name \"\(name)\" is taken", detail: "a VM of that name is \(taken.state.activity.name)",
                        hint: "choose another name, or delete that one", host: answer.host.name))
            case .failure(let problem):
                if assumed.contains(answer.host.name) { continue }
                throw Diagnostics(
                    .error(
                        "it cannot be known whether the name \"\(name)\" is free",
                        detail: problem.diagnostic.summary,
                        hint: "if \(answer.host.name) has no such VM for sure, add --assume-absent \(answer.host.name)",
                        host: answer.host.name))
            }
        }
    }

    private func warnings(_ info: HostInfo, _ host: Host) -> [Diagnostic] {
        guard !info.capabilities.hasKVM() else { return [] }
        return [
            .warning(
                "there is no KVM: the VM is emulated, which is slow",
                hint: "enable virtualisation in the machine's firmware", host: host.name)
        ]
    }
}
