internal import Hypervisor
internal import Inventory
package import Values

/// Makes an image of a VM's disk, with all that it stands on.
///
/// Of a VM that is off, its host's libvirt copies the volume, which flattens it. Of one that runs, QEMU's backup job copies
/// the disk as it is at one moment while the guest goes on; its agent, where there is one, stops writing for that moment.
package struct ImageCapture: Sendable {
    private let context: FleetContext
    private let driver: any HypervisorDriver
    private let say: @Sendable (String) -> Void

    package init(
        _ context: FleetContext, driver: any HypervisorDriver, say: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        self.context = context
        self.driver = driver
        self.say = say
    }

    /// - Parameters:
    ///   - name: the VM.
    ///   - disk: which of its disks; nil for the first.
    /// - Returns: the image, and what a person should know of it.
    /// - Throws: `Diagnostics`, ``HostProblem``; then nothing is left of it.
    package func capture(
        _ name: String, disk: String?, names: ImageNames
    ) async throws -> (image: StoredImage, warnings: [Diagnostic]) {
        var names = names
        if names.name.isEmpty { names.name = name }
        try names.check()
        return try await MachineHold(context, driver: driver).with(name, for: "capture", surely: false) { held in
            try held.found.host.require(.disks)
            try held.found.host.require(.transfer)
            let description = try await held.connection.description(of: held.domain)
            let disks = try await MachineDisk.all(of: description, over: held.connection)
            let chosen = try MachineDisk.find(disk, among: disks, of: held.name)
            guard let volume = chosen.volume, let pool = volume.pool else {
                throw Diagnostics(
                    .error(
                        "the disk \"\(chosen.name)\" of \"\(held.name)\" is in no storage pool",
                        hint: "define a pool for its folder with `drover pool create`", host: held.found.host.name))
            }
            let part = "\(ImageCopies.prefix)\(Nonce.make().prefix(16)).qcow2.part"
            let log = try Journal(context.directory).begin("capture", held.fields(("pool", Value(pool))))
            do {
                try log.record("making", Mapping([("volume", Value(part))]))
                let warnings = try await copy(volume, pool, chosen, disks, to: part, held, log)
                let work = try WorkFile(in: ImageStore(context.directory).directory)
                try await held.connection.download(part, in: pool, to: work.path, overwriting: true) { [say] in
                    say("downloading \(held.name): \($0.sent * 100 / max(1, $0.total)) %")
                }
                say("keeping \(names.name)")
                let origin = Mapping([
                    ("from", Value("VM \(held.name), disk \(chosen.name)")), ("added", Value(Clock.iso(Clock.now))),
                ])
                let image = try await ImageStore(context.directory).keep(work, names: names, origin: origin)
                await tidy(part, pool, held.connection, log, "finished")
                return (image, warnings)
            } catch {
                await tidy(part, pool, held.connection, log, "undone")
                throw error
            }
        }
    }

    private func copy(
        _ volume: VolumeInfo, _ pool: String, _ disk: MachineDisk, _ disks: [MachineDisk], to part: String,
        _ held: HeldMachine, _ log: OperationLog
    ) async throws -> [Diagnostic] {
        let spec = VolumeSpec(name: part, capacity: volume.capacity, format: "qcow2", mode: 0o600)
        say("copying the disk \"\(disk.name)\" of \(held.name)")
        guard held.isActive else {
            _ = try await held.connection.cloneVolume(volume.name, as: spec, in: pool)
            guard try await held.connection.domain(held.domain)?.state.isActive == false else {
                throw Diagnostics(
                    .error("\"\(held.name)\" was started while its disk was copied", hint: "run the command again"))
            }
            return []
        }
        let made = try await held.connection.createVolume(spec, in: pool)
        let isFrozen = try await LiveCopy(held: held, log: log, say: say).make(
            [(target: disk.target, path: made.path, format: "qcow2")],
            others: disks.map(\.target).filter { $0 != disk.target })
        return isFrozen
            ? []
            : [
                .warning(
                    "the image is as if \"\(held.name)\" had lost its power", detail: "no agent answered in its guest",
                    hint: "stop the VM first for a clean image", host: held.found.host.name)
            ]
    }

    /// Removes what was made on the host; runs to its end though the task was cancelled.
    private func tidy(
        _ part: String, _ pool: String, _ connection: HypervisorConnection, _ log: OperationLog, _ word: String
    ) async {
        await Task {
            if (try? await connection.deleteVolume(part, in: pool)) != nil { try? log.record(word) }
        }.value
    }

    /// Ends the copying of a capture that was cut off, and removes what it made on the host.
    func settle(_ record: OperationRecord) async throws -> String {
        try await MachineHold(context, driver: driver).settling(record) { connection, machine in
            if let machine { try await LiveCopy.letGo(of: .uuid(machine.uuid), record, over: connection) }
            for volume in record.all("volume") where volume.hasPrefix(ImageCopies.prefix) && volume.hasSuffix(".part") {
                guard let pool = record["pool"]?.string, try await connection.pool(pool) != nil else { continue }
                try await connection.deleteVolume(volume, in: pool)
            }
            try Journal(context.directory).resume(record).record("undone")
            return "undone"
        }
    }
}
