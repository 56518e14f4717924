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
        changes += try disks() + nics()
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

    /// Disks grow and are added; they never shrink or vanish, because data is on them.
    private func disks() throws(Diagnostics) -> [FieldChange] {
        let listed = Set(spec.disks.map(\.name))
        return try spec.disks(on: host).compactMap { wanted in
            guard wanted.device == .disk, wanted.source == nil else { return nil }
            guard let there = present.disks.first(where: { $0.name == wanted.name }) else {
                // The profile's disks are for VMs that are made; what a VM is to have besides is in its entry.
                guard listed.contains(wanted.name) else { return nil }
                return .init(.newDisk(wanted), "none", wanted.size?.description ?? "one")
            }
            guard let size = wanted.size, let capacity = there.capacity, size.bytes > capacity else { return nil }
            return .init(
                .disk(wanted.name, path: there.path, size), "\(ByteSize(bytes: capacity))", "\(size)")
        }
    }

    private func nics() throws(Diagnostics) -> [FieldChange] {
        let wishes = try spec.nics(on: host)
        // One that no entry can ask for is nothing that an entry does without.
        let nics = present.nics.filter(\.canBeSaid)
        // One that was exchanged stands behind the others.
        if wishes.map(\.sourceText).sorted() == nics.map(\.source).sorted() { return [] }
        return wishes.enumerated().compactMap { index, wanted in
            let source = wanted.sourceText
            guard nics.indices.contains(index) else { return .init(.newNIC(index, wanted), "none", source) }
            let there = nics[index]
            guard there.source != source else { return nil }
            return .init(.nic(index, mac: there.mac, wanted), there.source, source)
        }
    }

    private static func word(_ truth: Bool) -> String { truth ? "on" : "off" }
}

extension NICRequest {
    /// As libvirt's definitions have it.
    var sourceText: String {
        switch source {
        case .bridge(let name): "bridge \(name)"
        case .network(let name): "network \(name)"
        case .direct(let name, _): "direct \(name)"
        case .user: "user"
        case nil: "none"
        }
    }
}
