internal import Hypervisor
internal import Values

/// Which of a VM's NICs are not as its entry says. Pure.
struct NICComparison {
    /// With those MAC addresses only that were asked for.
    let wishes: [NICRequest]
    /// Those that an entry can ask for.
    let present: [PresentMachine.NIC]
    /// Whether those that are in no wish are to go.
    let removesOthers: Bool
    /// A container's have neither a VLAN nor a size nor a model of their own.
    var isContainer = false

    func changes() -> [FieldChange] {
        var rest = Array(present.indices)
        var pairs: [Int: Int] = [:]
        func pair(_ matches: (NICRequest, PresentMachine.NIC) -> Bool) {
            for index in wishes.indices where pairs[index] == nil {
                guard let place = rest.firstIndex(where: { matches(wishes[index], present[$0]) }) else { continue }
                pairs[index] = rest.remove(at: place)
            }
        }
        pair { $0.mac != nil && $0.mac?.description == $1.mac }
        // What is as it should be is so wherever it stands; then what is at least where it should be.
        pair { differences($0, $1).isEmpty }
        pair { $0.sourceText == $1.source }
        pair { _, _ in true }
        var changes = wishes.enumerated().compactMap { index, wanted -> FieldChange? in
            guard let place = pairs[index] else { return .init(.newNIC(index, wanted), "none", words(wanted)) }
            let parts = differences(wanted, present[place])
            guard !parts.isEmpty else { return nil }
            // The line says where it is, though that may be right.
            let all = parts.first?.key == "source" ? parts : [source(wanted, present[place])] + parts
            return .init(
                .nic(index, mac: present[place].mac, wanted), all.map(\.old).joined(separator: ", "),
                all.map(\.new).joined(separator: ", "))
        }
        if removesOthers {
            changes += rest.map { .init(.removedNIC(mac: present[$0].mac), present[$0].source, "none") }
        }
        return changes
    }

    private struct Part {
        let key: String
        let old: String
        let new: String
    }

    private func source(_ wanted: NICRequest, _ there: PresentMachine.NIC) -> Part {
        Part(key: "source", old: there.source, new: wanted.sourceText)
    }

    private func differences(_ wanted: NICRequest, _ there: PresentMachine.NIC) -> [Part] {
        var parts: [Part] = []
        if wanted.sourceText != there.source { parts.append(source(wanted, there)) }
        if let mac = wanted.mac?.description, mac != there.mac {
            parts.append(Part(key: "mac", old: there.mac, new: mac))
        }
        guard !isContainer else { return parts }
        // A VLAN that is said no more is none: that is what keeps guests apart.
        if wanted.vlan != there.vlan {
            parts.append(Part(key: "vlan", old: Self.text("vlan", there.vlan), new: Self.text("vlan", wanted.vlan)))
        }
        if wanted.mtu != there.mtu {
            parts.append(Part(key: "mtu", old: Self.text("mtu", there.mtu), new: Self.text("mtu", wanted.mtu)))
        }
        if let old = there.model, let new = wanted.model, old != new {
            parts.append(Part(key: "model", old: "model \(old)", new: "model \(new)"))
        }
        return parts
    }

    private func words(_ wanted: NICRequest) -> String {
        wanted.sourceText + (wanted.vlan.map { ", vlan \($0)" } ?? "")
    }

    private static func text(_ key: String, _ number: Int?) -> String { number.map { "\(key) \($0)" } ?? "no \(key)" }
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
