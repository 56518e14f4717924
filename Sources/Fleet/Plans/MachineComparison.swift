internal import Inventory
internal import Values

/// What of a VM is not as its entry says. Pure.
struct MachineComparison {
    let spec: MachineSpec
    let host: Host
    let present: PresentMachine

    /// In the order in which they are carried out: what changes the definition before what starts the VM.
    func changes() throws(Diagnostics) -> [FieldChange] {
        var changes: [FieldChange] = []
        let isOff = present.activity == .stopped
        if spec.cpus != present.cpus {
            let isImmediate = isOff || (spec.cpus > present.cpus && spec.cpus <= present.mostCPUs)
            changes.append(.init(.cpus(spec.cpus), "\(present.cpus)", "\(spec.cpus)", isImmediate: isImmediate))
        }
        let memory = spec.memory.mebibytes
        if memory != present.memoryMiB {
            let old = ByteSize(mebibytes: present.memoryMiB)
            changes.append(
                .init(
                    .memory(spec.memory), "\(old)", "\(spec.memory)",
                    isImmediate: isOff || memory <= present.mostMemoryMiB))
        }
        changes += try disks().changes + nics()
        changes += hardware?.changes() ?? []
        if spec.autostart != present.autostart {
            changes.append(.init(.autostart(spec.autostart), Self.word(!spec.autostart), Self.word(spec.autostart)))
        }
        if let wanted = state { changes.append(.init(.state(wanted), present.activity.rawValue, wanted.rawValue)) }
        return changes
    }

    /// `paused` says how a VM begins: one that was let run since is left alone.
    private var state: StartState? {
        switch (spec.startState, present.activity) {
        case (.running, .running), (.paused, .running), (.paused, .paused), (.stopped, .stopped): nil
        default: spec.startState
        }
    }

    /// What only a VM that is made anew can have.
    func differences() throws(Diagnostics) -> [FieldDifference] {
        try disks().differences + (hardware?.differences() ?? [])
    }

    private var hardware: HardwareComparison? {
        guard spec.rootTree == nil, let hardware = present.hardware else { return nil }
        return HardwareComparison(spec: spec, present: hardware, isOff: present.activity == .stopped)
    }

    /// Disks grow and are added; they never shrink or vanish, because data is on them.
    private func disks() throws(Diagnostics) -> (changes: [FieldChange], differences: [FieldDifference]) {
        let listed = try spec.listedDisks(on: host)
        let wishes = try spec.disks(on: host).enumerated().filter { $0.element.device == .disk }
        var others = present.disks
        var changes: [FieldChange] = []
        var missing: [DiskRequest] = []
        for (position, wanted) in wishes {
            let place = others.firstIndex { there in
                wanted.source.map { there.isSource($0) } ?? (there.name == wanted.name)
            }
            guard let place else {
                // The profile's disks are for VMs that are made; what a VM is to have besides is in its entry. The one that
                // it started from is never one that is missing.
                if listed.contains(position), position > 0 || present.disks.isEmpty { missing.append(wanted) }
                continue
            }
            let there = others.remove(at: place)
            guard wanted.source == nil, let size = wanted.size, let capacity = there.capacity, size.bytes > capacity
            else { continue }
            changes.append(
                .init(.disk(wanted.name, path: there.path, size), "\(ByteSize(bytes: capacity))", "\(size)"))
        }
        var differences: [FieldDifference] = []
        for wanted in missing {
            guard let source = wanted.source else {
                changes.append(.init(.newDisk(wanted), "none", wanted.size?.description ?? "one"))
                continue
            }
            // It may be the same disk under another name, a snapshot's layer, say: it must not be in a guest twice.
            if let other = others.first {
                differences.append(.init("disk \(wanted.name)", other.path, source))
            } else {
                changes.append(.init(.newDisk(wanted), "none", source))
            }
        }
        return (changes, differences)
    }

    private func nics() throws(Diagnostics) -> [FieldChange] {
        // One that no entry can ask for is nothing that an entry does without. Without a word of NICs in the entry those
        // that were added by hand stay.
        NICComparison(
            wishes: try spec.wishedNICs(on: host), present: present.nics.filter(\.canBeSaid),
            removesOthers: spec.speaksOfNICs, isContainer: spec.rootTree != nil
        ).changes()
    }

    private static func word(_ truth: Bool) -> String { truth ? "on" : "off" }
}
