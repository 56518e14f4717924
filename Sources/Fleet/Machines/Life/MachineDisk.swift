internal import Hypervisor
internal import Values

/// A disk of a VM, with the name under which its user knows it.
struct MachineDisk: Sendable {
    /// What the volume's name says behind the VM's: `system`, `data`, `seed`; else the guest's own, such as `vda`.
    let name: String
    let description: DiskDescription
    /// The volume it is, if it is in a pool.
    let volume: VolumeInfo?
    /// Whether the volume was made for this VM, and goes with it.
    let isOwn: Bool

    var target: String { description.target }
    /// Whether the guest can write to it.
    var isWritable: Bool { description.device == .disk && !description.isReadOnly }

    /// What the first-boot image is called.
    static let seedPart = "seed"

    /// The disks of a VM, in the order of its definition.
    static func all(
        of description: DomainDescription, over connection: HypervisorConnection
    ) async throws(HypervisorError) -> [MachineDisk] {
        var disks: [MachineDisk] = []
        for disk in description.disks {
            let volume = try await volume(of: disk, over: connection)
            let isForeign = description.metadata?.labels[foreignLabel(disk.target)] != nil
            let name = isForeign ? nil : (volume?.name ?? disk.volumeName).flatMap { ownPart($0, of: description.name) }
            // Of what lies in a drive, only the first-boot image is made for a VM.
            let part = disk.device == .disk || disk.device == .lun || name == seedPart ? name : nil
            // A volume whose pool cannot rename kept its name when the VM got another one.
            let label = description.metadata?.labels[keptLabel(disk.target)]
            let isNoted = label.map { label in
                // In a pool that is off only its name can be compared.
                volume.map { $0.path == label } ?? (DiskPath.lastComponent(label) == disk.volumeName)
            }
            disks.append(
                MachineDisk(
                    name: part ?? disk.target, description: disk, volume: volume, isOwn: part != nil || isNoted == true)
            )
        }
        return disks
    }

    /// Nil as well for one in a pool that is off, where libvirt does not look.
    private static func volume(
        of disk: DiskDescription, over connection: HypervisorConnection
    ) async throws(HypervisorError) -> VolumeInfo? {
        switch disk.source {
        case .file(let path), .block(let path): return try await connection.volume(path: path)
        case .volume(let pool, let name):
            guard try await connection.pool(pool)?.isActive == true else { return nil }
            return try await connection.volume(name, in: pool)
        case .network, nil: return nil
        }
    }

    /// `system` of `web1_system.qcow2`, if the VM is web1.
    static func ownPart(_ volume: String, of vm: String) -> String? {
        guard volume.hasPrefix(vm + "_") else { return nil }
        let rest = volume.dropFirst(vm.utf8.count + 1)
        return rest.lastIndex(of: ".").map { String(rest[..<$0]) } ?? String(rest)
    }

    /// The label of the domain's metadata that says that a disk was there before the VM, whatever it is called.
    static func foreignLabel(_ target: String) -> String { "foreign-\(target)" }

    /// The label of the domain's metadata that says that a disk's volume is its own, whatever it is called.
    static func keptLabel(_ target: String) -> String { "volume-\(target)" }

    /// The disk that a user means: by its name, the guest's name of it, or its serial; the first one when none is said.
    static func find(
        _ word: String?, among disks: [MachineDisk], of vm: String
    ) throws(Diagnostics) -> MachineDisk {
        guard let word else {
            if let first = disks.first(where: { $0.name == "system" }) ?? disks.first(where: \.isWritable) {
                return first
            }
            throw Diagnostics(.error("\"\(vm)\" has no disk"))
        }
        if let disk = disks.first(where: { $0.name == word }) ?? disks.first(where: { $0.target == word })
            ?? disks.first(where: { $0.description.serial == word })
        {
            return disk
        }
        let names = disks.map(\.name)
        throw Diagnostics(
            .error(
                "\"\(vm)\" has no disk \"\(word)\"",
                detail: names.isEmpty ? nil : "it has \(names.joined(separator: ", "))",
                hint: NearestName.hint(for: word, among: names)))
    }
}

extension DiskDescription {
    /// What its volume is called, if it is one.
    var volumeName: String? {
        switch source {
        case .file(let path), .block(let path): DiskPath.lastComponent(path)
        case .volume(_, let name): name
        // Storage that names its volumes "pool/volume".
        case .network(_, let name, _, _): DiskPath.lastComponent(name)
        case nil: nil
        }
    }
}

extension DiskSource {
    /// What a user is told of it.
    var text: String {
        switch self {
        case .file(let path), .block(let path): path
        case .volume(let pool, let name): "\(name) in the pool \(pool)"
        case .network(let kind, let name, let host, _): "\(kind):\(name) of \(host)"
        }
    }
}
