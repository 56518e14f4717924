internal import Hypervisor
internal import Inventory
internal import Values

/// Plugs devices of one VM in and out: in the running guest where it can take it, and in the definition always.
struct DeviceChanges {
    let held: HeldMachine
    /// Whether a running guest is changed too.
    let isLive: Bool
    /// Seconds that a guest gets to let go of a device.
    let patience: Int
    let files: PoolFiles
    let removal: VolumeRemoval
    let log: OperationLog
    let say: @Sendable (String) -> Void

    private var connection: HypervisorConnection { held.connection }
    private var domain: DomainReference { held.domain }

    // MARK: Disks

    func add(_ request: DiskRequest) async throws -> MachineChange {
        let definitions = try await definitions()
        let names = Set(try await MachineDisk.all(of: definitions.config, over: connection).map(\.name))
        var request = request
        if request.name.isEmpty {
            request.name = (0...).lazy.map { $0 == 0 ? "data" : "data\($0)" }.first { !names.contains($0) } ?? "data"
        }
        guard !names.contains(request.name) else {
            throw refusal("\"\(held.name)\" has a disk \"\(request.name)\" already", hint: "name it with name=NAME")
        }
        let threads = definitions.config.document.first("iothreads").flatMap { Int($0.text) } ?? 0
        if let wanted = request.iothreadID, wanted > threads {
            throw refusal("\"\(held.name)\" has no I/O thread \(wanted)", hint: "it has \(threads)")
        }
        let bus = request.bus ?? (request.device == .cdrom ? "sata" : "virtio")
        let target = freeTarget(bus, definitions)
        let (source, format) = try await source(of: request)
        var spec = DiskSpec(
            source: source, format: format, device: .init(request.device), bus: bus,
            cache: request.cache, discard: request.device == .disk && request.discard ?? true,
            isReadOnly: request.isReadOnly || request.device == .cdrom, serial: request.serial)
        spec.io = request.io
        spec.usesIOThread = request.iothread ?? true
        spec.ioThread = request.iothreadID ?? 1
        let element = DomainXML.disk(spec, target: target, ioThreads: threads)
        try await noteForeign(target, request.source != nil)
        let (now, why) = try await attach(element)
        return MachineChange("disk \(request.name)", from: "", to: source.path ?? "", now: now, note: why)
    }

    /// What is there is used as it is; else a volume is made, written down before.
    private func source(of request: DiskRequest) async throws -> (DiskSource, String) {
        let pool = request.pool ?? MachineParts.standardPool
        if let source = request.source {
            if source.hasPrefix("/") {
                guard try await files.existing([source]) == [source] else {
                    throw refusal("there is no \"\(source)\"", hint: "it has to be on the VM's host already")
                }
                if source.hasPrefix("/dev/") { return (.block(source), request.format ?? "raw") }
                let known = try await connection.volume(path: source)?.format
                return (.file(source), request.format ?? known ?? "raw")
            }
            guard let volume = try await connection.volume(source, in: pool) else {
                throw refusal(
                    "there is no volume \"\(source)\" in pool \"\(pool)\"", hint: "`drover pool volume list` shows all")
            }
            return (Self.place(volume), request.format ?? volume.format ?? "raw")
        }
        guard let info = try await connection.pool(pool), info.isActive else {
            throw refusal("there is no active pool \"\(pool)\"", hint: "`drover pool list` shows all")
        }
        let holdsFiles = PoolFiles.kinds.contains(info.type)
        let format = request.format ?? (holdsFiles ? "qcow2" : "raw")
        let name = "\(held.name)_\(request.name)" + (holdsFiles ? ".\(format)" : "")
        guard try await connection.volume(name, in: pool) == nil else {
            throw refusal(
                "the volume \"\(name)\" exists already in pool \"\(pool)\"",
                hint: "name the disk otherwise, or use it with source=\(name)")
        }
        say("making \(name)")
        let size = UInt64(request.size?.bytes ?? 0)
        let spec = VolumeSpec(
            name: name, capacity: size, format: format, allocation: request.sparse == false ? size : nil,
            backing: request.backing)
        let volume = try await log.making(PoolVolume(pool: pool, name: name)) {
            try await connection.createVolume(spec, in: pool)
        }
        return (Self.place(volume), format)
    }

    private static func place(_ volume: VolumeInfo) -> DiskSource {
        volume.path.hasPrefix("/dev/") ? .block(volume.path) : .file(volume.path)
    }

    /// What was there before stays when the VM goes, though its name may look like the VM's own.
    private func noteForeign(_ target: String, _ isForeign: Bool) async throws(HypervisorError) {
        let label = MachineDisk.foreignLabel(target)
        var metadata = try await connection.metadata(domain) ?? DomainMetadata()
        guard (metadata.labels[label] != nil) != isForeign else { return }
        metadata.labels[label] = isForeign ? "yes" : nil
        try await connection.setMetadata(domain, metadata)
    }

    func removeDisk(_ word: String, deletingVolume: Bool) async throws -> MachineChange {
        let definitions = try await definitions()
        let disks = try await MachineDisk.all(of: definitions.config, over: connection)
        let disk = try MachineDisk.find(word, among: disks, of: held.name)
        guard deletingVolume, let volume = disk.volume, let pool = volume.pool, disk.isOwn else {
            return removed(disk, try await detach(disk, definitions))
        }
        let use = try await removal.refuseUsed(
            [volume.path], to: "delete the volume \"\(volume.name)\"", besides: held.found.machine.uuid,
            hint: "leave out --delete-volumes", over: connection)
        let layers = use.layers(below: volume.path)
        let place = Mapping([("volume", Value(volume.name)), ("pool", Value(pool))])
        // Before the disk is taken away: from then on nobody else knows whose volume it is.
        try log.record(
            ChangeLeftovers.deleting, place.merged(with: Mapping([("layers", Value(layers.map { Value($0) }))])))
        let (now, why) = try await detach(disk, definitions)
        guard now != false else {
            try log.record(ChangeLeftovers.leaving, place)
            return removed(disk, (now, why))
        }
        let shared = layers.isEmpty ? nil : try await removal.holdLayers()
        defer { withExtendedLifetime(shared) {} }
        if let kept = try await removal.remove([volume.path], layers: layers, over: connection).first {
            throw Diagnostics(kept)
        }
        return MachineChange(
            "disk \(disk.name)", from: disk.description.source?.path ?? "", to: "", now: now,
            note: "its volume is deleted")
    }

    private func detach(
        _ disk: MachineDisk, _ definitions: Definitions
    ) async throws -> (now: Bool?, why: String?) {
        try await detach("disk", definitions) { $0.first("target")?[attribute: "dev"] == disk.target }
    }

    /// A disk that is no longer the VM's, and whose volume stays.
    private func removed(_ disk: MachineDisk, _ end: (now: Bool?, why: String?)) -> MachineChange {
        var note = end.why
        if disk.isOwn, let volume = disk.volume, let pool = volume.pool {
            let stays = "its volume \(volume.name) stays in pool \(pool)"
            note = note.map { "\($0); \(stays)" } ?? stays
        }
        return MachineChange(
            "disk \(disk.name)", from: disk.description.source?.path ?? "", to: "", now: end.now, note: note)
    }

    // MARK: NICs

    func add(_ request: NICRequest) async throws -> MachineChange {
        guard let spec = MachineSpec.interfaces([request]).first else {
            throw refusal("a NIC to be added leads nowhere", hint: "say bridge=NAME or network=NAME")
        }
        let definitions = try await definitions()
        guard !definitions.config.interfaces.contains(where: { $0.mac == spec.mac.description }) else {
            throw refusal("\"\(held.name)\" has a NIC \(spec.mac) already", hint: "leave out mac for a new one")
        }
        let (now, why) = try await attach(DomainXML.interface(spec))
        return MachineChange("nic", from: "", to: spec.mac.description, now: now, note: why)
    }

    func removeNIC(_ word: String) async throws -> MachineChange {
        let definitions = try await definitions()
        let rest = definitions.config.interfaces
        let running = definitions.live?.interfaces ?? rest
        let all = running + rest.filter { one in !running.contains { $0.mac == one.mac } }
        let place = word.hasPrefix("eth") ? Int(word.dropFirst(3)) : nil
        let chosen =
            all.first { $0.mac == word.lowercased() || $0.device == word }
            ?? place.flatMap { all.indices.contains($0) ? all[$0] : nil }
        guard let chosen else {
            let known = all.map(\.mac).joined(separator: ", ")
            throw refusal(
                "\"\(held.name)\" has no NIC \"\(word)\"", hint: known.isEmpty ? "it has none" : "it has \(known)")
        }
        let (now, why) = try await detach("interface", definitions) {
            $0.first("mac")?[attribute: "address"] == chosen.mac
        }
        return MachineChange("nic", from: chosen.mac, to: "", now: now, note: why)
    }

    // MARK: The drive

    /// Puts an ISO into the VM's drive, or takes out what is in it. A VM without a drive gets one for its next start.
    func insert(_ iso: String?) async throws -> MachineChange? {
        let definitions = try await definitions()
        let disks = try await MachineDisk.all(of: definitions.config, over: connection)
        let drive = disks.first { $0.description.device == .cdrom && !$0.isOwn }
        var source: DiskSource?
        if let iso {
            var request = DiskRequest(name: "iso")
            request.source = iso
            source = try await self.source(of: request).0
        }
        guard let drive else {
            guard let source else { return nil }
            let spec = DiskSpec(
                source: source, format: "raw", device: .cdrom, bus: isQ35(definitions.config) ? "sata" : "scsi",
                discard: false, isReadOnly: true)
            let target = freeTarget(spec.bus, definitions)
            try await noteForeign(target, true)
            let element = DomainXML.disk(spec, target: target)
            try await connection.attach(element, to: domain, .config)
            return MachineChange(
                "drive", from: "", to: source.path ?? "", now: held.isActive ? false : nil,
                note: held.isActive ? "a drive cannot be plugged into a running guest" : nil)
        }
        if source != nil { try await noteForeign(drive.target, true) }
        for (description, impact) in definitions.all where isLive || impact == .config {
            var definition = DomainDefinition(description.document)
            if let source { definition.setSource(of: drive.target, to: source) } else { definition.eject(drive.target) }
            let changed = Self.device("disk", of: definition.description) {
                $0.first("target")?[attribute: "dev"] == drive.target
            }
            if let changed { try await connection.update(changed, of: domain, impact) }
        }
        return MachineChange(
            "drive", from: drive.description.source?.path ?? "", to: source?.path ?? "",
            now: held.isActive ? isLive : nil
        )
    }

    private func isQ35(_ description: DomainDescription) -> Bool { description.machine.contains("q35") }

    // MARK: Both definitions

    private struct Definitions {
        /// Nil while the VM is off.
        let live: DomainDescription?
        let config: DomainDescription

        var all: [(DomainDescription, DomainImpact)] { (live.map { [($0, .live)] } ?? []) + [(config, .config)] }
    }

    private func definitions() async throws(HypervisorError) -> Definitions {
        Definitions(
            live: held.isActive ? try await connection.description(of: domain) : nil,
            config: try await connection.description(of: domain, .inactive))
    }

    /// A name for the guest that neither definition has.
    private func freeTarget(_ bus: String, _ definitions: Definitions) -> String {
        DomainXML.freeTarget(bus: bus, besides: Set(definitions.all.flatMap { $0.0.disks.map(\.target) }))
    }

    /// - Returns: whether the running guest has it, and why not.
    private func attach(_ element: XMLElement) async throws(HypervisorError) -> (now: Bool?, why: String?) {
        try await connection.attach(element, to: domain, .config)
        guard held.isActive else { return (nil, nil) }
        guard isLive else { return (false, nil) }
        do throws(HypervisorError) {
            try await connection.attach(element, to: domain, .live)
            return (true, nil)
        } catch {
            if error.isConnectionLoss { throw error }
            return (false, "not while it runs: \(error.message)")
        }
    }

    /// Takes a device from the definition, asks the guest to let go of it, and looks whether it did.
    private func detach(
        _ kind: String, _ definitions: Definitions, where matches: (XMLElement) -> Bool
    ) async throws -> (now: Bool?, why: String?) {
        if let element = Self.device(kind, of: definitions.config, where: matches) {
            try await connection.detach(element, from: domain, .config)
        }
        guard isLive || !held.isActive else { return (false, nil) }
        guard let live = definitions.live, let element = Self.device(kind, of: live, where: matches) else {
            return (held.isActive ? true : nil, nil)
        }
        do throws(HypervisorError) {
            try await connection.detach(element, from: domain, .live)
        } catch {
            if error.isConnectionLoss { throw error }
            return (false, "the guest keeps it until it is off: \(error.message)")
        }
        let end = Clock.monotonic + UInt64(patience) * 1_000_000_000
        repeat {
            let now = try await connection.description(of: domain)
            if Self.device(kind, of: now, where: matches) == nil { return (true, nil) }
            try await Task.sleep(for: .milliseconds(250))
        } while Clock.monotonic < end
        return (false, "the guest has not let go of it within \(patience) s, and keeps it until it does or is off")
    }

    private static func device(
        _ kind: String, of description: DomainDescription, where matches: (XMLElement) -> Bool
    ) -> XMLElement? {
        description.document.first("devices")?.all(kind).first(where: matches)
    }

    private func refusal(_ summary: String, hint: String) -> Diagnostics {
        Diagnostics(.error(summary, hint: hint, host: held.found.host.name))
    }
}
