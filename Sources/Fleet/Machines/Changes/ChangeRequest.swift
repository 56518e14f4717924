package import Values

/// What is to be changed of a VM beside its size; nil where nothing is said.
package struct ChangeRequest: Sendable {
    package var addedDisks: [DiskRequest] = []
    /// By their names, such as `data`, or the guest's names of them.
    package var removedDisks: [String] = []
    /// Whether the volumes of removed disks go too, where they were made for the VM.
    package var deletesVolumes = false
    package var addedNICs: [NICRequest] = []
    /// By their MAC addresses, their places (`eth0` is the first), or the host's names of them.
    package var removedNICs: [String] = []
    /// A path on the host, a volume of the pool `default`, or `none`.
    package var iso: String?
    /// `disk`, `network`, `cdrom` in their order.
    package var boot: [String]?
    package var autostart: Bool?
    /// What a reader of the definition is told; empty removes it.
    package var note: String?
    /// Whom the VM is noted to belong to; empty removes it.
    package var owner: String?
    package var cpu: CPUChoice?
    package var machine: String?
    package var graphics: Graphics?
    /// Whether a running guest gets devices and loses them at once; else at its next start.
    package var isLive = true
    /// Seconds that a guest gets to let go of a device.
    package var patience = 20

    package init() {}

    /// - Throws: what cannot be, whatever the VM is.
    package func validate() throws(Diagnostics) {
        var problems: [Diagnostic] = []
        for disk in addedDisks where disk.image != nil || disk.overlay != nil {
            problems.append(
                .error("a disk can be made of an image only with its VM", hint: "give it a size, or an existing source")
            )
        }
        for disk in addedDisks where disk.source == nil && (disk.size?.bytes ?? 0) <= 0 {
            problems.append(
                .error("a disk to be added has neither a size nor a source", hint: "say size=20G, or source=PATH"))
        }
        for disk in addedDisks where disk.device == .floppy {
            problems.append(
                .error("the floppy drive \"\(disk.name)\" cannot be added", hint: "only a new VM can have one"))
        }
        for nic in addedNICs where nic.source == nil {
            problems.append(.error("a NIC to be added leads nowhere", hint: "say bridge=NAME or network=NAME"))
        }
        for nic in addedNICs where nic.address != nil || nic.gateway != nil || !nic.dns.isEmpty {
            problems.append(
                .error(
                    "the address of a NIC that is added is the guest's affair", hint: "leave out ip, gateway and dns"))
        }
        let words = boot ?? []
        if let bad = words.first(where: { !["disk", "network", "cdrom"].contains($0) }) {
            problems.append(.error("cannot boot from \"\(bad)\"", hint: "say disk, network, cdrom"))
        }
        if Set(words).count != words.count { problems.append(.error("a word of the boot order stands there twice")) }
        if let found = Diagnostics(problems) { throw found }
    }

    /// Whether something only the definition says is to be changed.
    var changesDefinition: Bool {
        boot != nil || note != nil || owner != nil || cpu != nil || machine != nil || graphics != nil
    }

    /// Whether anything is plugged in or out.
    var changesDevices: Bool { needsDisks || !addedNICs.isEmpty || !removedNICs.isEmpty }
    /// Whether it is about what only a machine with disks has.
    var needsDisks: Bool {
        !addedDisks.isEmpty || !removedDisks.isEmpty || iso != nil || boot != nil || cpu != nil || machine != nil
            || graphics != nil
    }

    package var isEmpty: Bool {
        !changesDefinition && addedDisks.isEmpty && removedDisks.isEmpty && addedNICs.isEmpty && removedNICs.isEmpty
            && iso == nil && autostart == nil
    }
}
