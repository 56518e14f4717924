internal import Hypervisor
internal import Values

/// Decides about each file of a VM from what both hosts have of it. Pure.
struct DiskDecision {
    let source: String
    let destination: String
    let isLive: Bool
    let survey: DiskSurvey
    let digests: FileDigests
    let images: [StoredImage]
    /// Directories that will be there, because pools are made of them.
    let folders: Set<String>
    private(set) var problems: [Diagnostic] = []

    init(
        from source: String, to destination: String, isLive: Bool, survey: DiskSurvey, digests: FileDigests,
        images: [StoredImage] = [], folders: Set<String> = []
    ) {
        self.source = source
        self.destination = destination
        self.isLive = isLive
        self.survey = survey
        self.digests = digests
        self.images = images
        self.folders = folders
    }

    /// What of which the bytes decide: files that both hosts have and that are not one, and images that the controller may
    /// have instead.
    static func comparisons(
        of disks: [(disk: DiskDescription, path: String)], _ survey: DiskSurvey, images: [StoredImage]
    ) -> (here: [String], there: [String]) {
        var (here, there): (Set<String>, Set<String>) = ([], [])
        for (disk, path) in disks {
            guard let entry = survey[path], entry.proof != .shared else { continue }
            if isMedium(disk) {
                guard entry.here.kind == .file, entry.there.kind == .file, entry.here.size == entry.there.size else {
                    continue
                }
                here.insert(path)
                there.insert(path)
            }
            for layer in (entry.here.layers ?? []).dropFirst() {
                guard let below = survey[layer.path], below.proof != .shared else { continue }
                if below.there.kind == .file {
                    here.insert(layer.path)
                    there.insert(layer.path)
                } else if image(layer.path, among: images) != nil {
                    here.insert(layer.path)
                }
            }
        }
        return (here.sorted(), there.sorted())
    }

    /// Whether it is never written to.
    static func isMedium(_ disk: DiskDescription) -> Bool { disk.isReadOnly || disk.device == .cdrom }

    private static func image(_ path: String, among images: [StoredImage]) -> StoredImage? {
        images.first { $0.volumeName == DiskPath.lastComponent(path) }
    }

    private mutating func object(_ summary: String, detail: String? = nil, hint: String? = nil, at host: String) {
        problems.append(.error(summary, detail: detail, hint: hint, host: host))
    }

    /// - Returns: nil when something stands against it, which is among the problems then.
    mutating func decide(_ disk: DiskDescription, at path: String) -> MigrationPlan.Disk? {
        guard let entry = survey[path] else { return nil }
        var plan = MigrationPlan.Disk(target: disk.target, path: path, format: disk.format ?? "raw", plan: .shared)
        plan.capacity = entry.here.layers?.first?.capacity ?? entry.here.size
        plan.size = entry.here.size
        plan.allocated = min(entry.here.allocated, entry.here.size)
        plan.stamp = entry.here.stamp
        plan.clusterSize = entry.here.layers?.first?.clusterSize
        guard entry.proof != .shared else { return plan }
        guard entry.here.kind == .file || entry.here.kind == .block else {
            object("the file of the disk \(disk.target) is not there", detail: path, at: source)
            return nil
        }
        return Self.isMedium(disk) ? medium(disk, plan, entry) : writable(disk, plan, entry)
    }

    private mutating func medium(
        _ disk: DiskDescription, _ plan: MigrationPlan.Disk, _ entry: DiskSurvey.Entry
    ) -> MigrationPlan.Disk? {
        var plan = plan
        if entry.there.kind != nil {
            guard digests.areEqual(plan.path) else {
                taken(plan.path, "its bytes are not those of the drive \(disk.target)")
                return nil
            }
            plan.plan = .present
            return plan
        }
        guard isApart(entry, disk), entry.here.kind == .file else { return nil }
        plan.plan = .brought
        return isRoom(plan.path, entry) ? plan : nil
    }

    private mutating func writable(
        _ disk: DiskDescription, _ plan: MigrationPlan.Disk, _ entry: DiskSurvey.Entry
    ) -> MigrationPlan.Disk? {
        guard isApart(entry, disk) else { return nil }
        if disk.isShareable {
            object(
                "the disk \(disk.target) is shared with other VMs", detail: plan.path,
                hint: "put it on storage that both hosts see", at: source)
            return nil
        }
        guard entry.there.kind == nil else {
            taken(plan.path, nil)
            return nil
        }
        guard let layers = entry.here.layers, let top = layers.first else {
            object(
                "the image of the disk \(disk.target) cannot be read",
                detail: [plan.path, entry.here.imageProblem].compactMap { $0 }.joined(separator: ": "), at: source)
            return nil
        }
        if isLive && (top.isEncrypted || top.hasDataFile || top.hasSnapshots || disk.isTransient) {
            let why =
                top.isEncrypted
                ? "it is encrypted"
                : top.hasDataFile
                    ? "its bytes are in a further file"
                    : top.hasSnapshots ? "states are kept inside of it" : "what is written to it is thrown away"
            object(
                "the disk \(disk.target) cannot be copied while the VM runs", detail: "\(plan.path): \(why)",
                hint: top.hasDataFile ? nil : "shut the VM down first", at: source)
            return nil
        }
        if top.hasDataFile {
            object("the disk \(disk.target) has its bytes in a further file", detail: plan.path, at: source)
            return nil
        }
        var plan = plan
        plan.plan = .copied
        if layers.count > 1 { stand(&plan, on: Array(layers.dropFirst())) }
        return isRoom(plan.path, entry) ? plan : nil
    }

    /// An overlay may only stand on the same bytes: names are not enough.
    private mutating func stand(_ plan: inout MigrationPlan.Disk, on layers: [FileLook.Layer]) {
        for layer in layers {
            guard let origin = origin(of: layer) else {
                // The guest's own copy can take in what is below; a copy of the file cannot.
                plan.isFlattened = true
                plan.layers = []
                if !isLive { taken(layer.path, "the disk \(plan.target) stands on an image of that name") }
                return
            }
            plan.layers.append(
                MigrationPlan.Layer(
                    path: layer.path, format: layer.format, size: survey[layer.path]?.here.size ?? 0, origin: origin))
        }
        plan.plan = .overlay
    }

    private func origin(of layer: FileLook.Layer) -> MigrationPlan.Layer.Origin? {
        guard let entry = survey[layer.path], !layer.hasDataFile else { return nil }
        switch entry.proof {
        case .shared: return .present
        case .unproven where !digests.areEqual(layer.path): return nil
        case .unproven, .apart: break
        }
        if entry.there.kind != nil { return digests.areEqual(layer.path) ? .present : nil }
        if let image = Self.image(layer.path, among: images), digests.here[layer.path] == image.digest {
            return .image(image)
        }
        return entry.here.kind == .file && hasRoom(layer.path, entry) ? .source : nil
    }

    /// What libvirt keeps of the VM beside its disks.
    mutating func decide(_ kind: MigrationPlan.StateFile.Kind, at path: String) -> MigrationPlan.StateFile? {
        // One that never ran has none yet.
        guard let entry = survey[path], entry.here.kind != nil else { return nil }
        switch entry.proof {
        case .shared: return MigrationPlan.StateFile(kind: kind, path: path, isMoved: false)
        case .unproven(let why):
            object("cannot tell whether \"\(path)\" is shared", detail: why, at: source)
            return nil
        case .apart:
            guard entry.there.kind == nil else {
                taken(path, kind == .nvram ? "UEFI variables of another VM, or of a former one" : "a TPM's state")
                return nil
            }
            return MigrationPlan.StateFile(kind: kind, path: path, isMoved: true)
        }
    }

    private mutating func isApart(_ entry: DiskSurvey.Entry, _ disk: DiskDescription) -> Bool {
        guard case .unproven(let why) = entry.proof else { return true }
        object(
            "cannot tell whether the disk \(disk.target) is shared", detail: "\(entry.here.real): \(why)",
            hint: entry.here.kind == .block
                ? "a block device moves only when both hosts reach it by one name of its own: WWN, multipath or LVM"
                : entry.here.tokenProblem == nil ? nil : "let root write to the directory on one of the hosts",
            at: source)
        return false
    }

    private func hasRoom(_ path: String, _ entry: DiskSurvey.Entry) -> Bool {
        entry.there.isFolderThere || folders.contains(DiskPath.parent(path))
    }

    private mutating func isRoom(_ path: String, _ entry: DiskSurvey.Entry) -> Bool {
        guard !hasRoom(path, entry) else { return true }
        object("there is no directory \"\(DiskPath.parent(path))\"", hint: "make a pool there", at: destination)
        return false
    }

    private mutating func taken(_ path: String, _ detail: String?) {
        object(
            "the file \"\(path)\" exists already, and it is not the source's", detail: detail,
            hint: "`drover op recover` removes what an unfinished migration left", at: destination)
    }
}
