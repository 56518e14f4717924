package import Inventory
package import Values

/// What it takes to bring a fleet from what it is to what its files say.
package struct UpPlan: Sendable {
    /// What a host needs.
    package enum Need: Sendable {
        /// Its roles were looked at: so many states are out of place.
        case states(Int)
        /// Its roles cannot be looked at before it is trusted, or before there is an authority.
        case unseen
        case problem(HostProblem)

        package var isWork: Bool {
            switch self {
            case .states(let count): count > 0
            case .unseen: true
            case .problem: false
            }
        }
    }

    /// What the roles of a VM's guest need; nothing of it where it was not looked into the guest.
    package struct GuestLine: Sendable {
        package let name: String
        package let need: Need
    }

    package struct HostLine: Sendable {
        package let host: Host
        package let need: Need
    }

    package struct ImageLine: Sendable {
        package enum Source: Sendable {
            case file(String)
            case location(ImageLocation, ImageProof)
        }

        package let name: String
        /// Where it is fetched from; nil when the store has it.
        package let source: Source?
        /// Why it cannot be had: of no matter while no VM is to be made from it.
        var problem: Diagnostic?
        package var isMissing: Bool { source != nil }
    }

    /// Keys of hosts that nobody has looked at yet.
    package let offers: [HostTrust.Offer]
    package let needsAuthority: Bool
    package let hosts: [HostLine]
    package let images: [ImageLine]
    /// Nil while no hypervisor can be asked: new VMs are placed once there are some.
    package let machines: FleetPlan?
    package let wishes: [MachineWish]
    /// What was seen in guests that run, where it was to be looked into them.
    package let seenGuests: [GuestLine]
    /// Hypervisors that this fleet directory has no certificate for.
    let bare: [Host]
    /// The VMs that those of them have that were asked over SSH.
    let holdings: [String: Set<String>]
    /// Those of them that do not answer over SSH either: they may have any VM.
    let mute: [String]
    /// How long it took to look.
    let seconds: Double

    /// VMs that have roles of their own, applied inside once they answer: those that the plan is about.
    package var guests: [MachineWish] { Self.guests(wishes, machines) }

    static func guests(_ wishes: [MachineWish], _ machines: FleetPlan?) -> [MachineWish] {
        let planned = machines.map { Set($0.lines.map(\.name)) }
        return wishes.filter { wish in
            !wish.spec.roles.isEmpty && wish.spec.startState == .running && planned?.contains(wish.spec.name) ?? true
        }
    }

    /// Why hosts and guests were not reached.
    package var problems: [HostProblem] {
        (hosts.map(\.need) + seenGuests.map(\.need)).compactMap {
            if case .problem(let problem) = $0 { problem } else { nil }
        }
    }
    package var isWork: Bool {
        !offers.isEmpty || needsAuthority || hosts.contains { $0.need.isWork } || images.contains(where: \.isMissing)
            || machines?.isChanging ?? !wishes.isEmpty || seenGuests.contains { $0.need.isWork }
    }
    /// Whether everything is as it should be, as far as it could be seen, and nothing stays to be said.
    package var isDone: Bool {
        !isWork && problems.isEmpty && machines?.problems.isEmpty ?? true
            && machines?.lines.allSatisfy { [.keep, .unlisted].contains($0.action) } ?? true
    }

    /// For people: what each phase will do.
    package var text: String {
        var lines: [String] = []
        func add(_ phase: String, _ words: String) {
            lines.append(phase + String(repeating: " ", count: max(1, 11 - phase.count)) + words)
        }
        if !offers.isEmpty { add("trust", "accept the SSH keys of \(Self.names(offers.map(\.host.name)))") }
        if needsAuthority { add("authority", "make two CAs and this controller's certificate") }
        for (need, names) in roleLines { add("roles", "\(Self.names(names)): \(need)") }
        for image in images where image.isMissing { add("images", "fetch \(image.name)") }
        if let machines {
            for line in machines.lines where line.action != .keep || !line.differences.isEmpty { add("vms", line.text) }
            add("vms", machines.summary)
        } else if !wishes.isEmpty {
            let held = wishes.map(\.spec.name).filter { name in holdings.values.contains { $0.contains(name) } }
            for (host, names) in holdings.sorted(by: { $0.key < $1.key }) {
                let theirs = held.filter(names.contains)
                if !theirs.isEmpty { add("vms", "\(host) has \(Self.names(theirs)) already: not made again") }
            }
            let new = wishes.map(\.spec.name).filter { !held.contains($0) }
            if !new.isEmpty { add("vms", "make \(Self.names(new)), where there is room once hosts are ready") }
            if !mute.isEmpty {
                let words = mute.count == 1 ? "does not answer and may have them" : "do not answer and may have them"
                let options = mute.map { "--assume-absent \($0)" }.joined(separator: " ")
                add("vms", "not yet: \(Self.names(mute)) \(words); if not for sure, add \(options)")
            }
        }
        for wish in guests {
            let need = seenGuests.first { $0.name == wish.spec.name }?.need
            add("guests", "\(wish.spec.name): \(Self.words(need ?? .unseen, wish.spec.roles))")
        }
        return lines.map { Printable.line($0) + "\n" }.joined()
    }

    /// Hosts that need the same, together.
    private var roleLines: [(String, [String])] {
        var order: [String] = []
        var groups: [String: [String]] = [:]
        for line in hosts {
            let words = Self.words(line.need, line.host.roles)
            if groups[words] == nil { order.append(words) }
            groups[words, default: []].append(line.host.name)
        }
        return order.map { ($0, groups[$0] ?? []) }
    }

    private static func words(_ need: Need, _ roles: [String]) -> String {
        switch need {
        case .states(0): "as they should be"
        case .states(let count): "\(count) of \(roles.joined(separator: ", ")) to change"
        case .unseen: roles.joined(separator: ", ")
        case .problem(let problem): "left for the next run: \(problem.diagnostic.summary)"
        }
    }

    private static func names(_ names: [String]) -> String {
        names.count <= 12
            ? names.joined(separator: ", ") : names.prefix(10).joined(separator: ", ") + " and \(names.count - 10) more"
    }

    /// Stable API: programs read these keys.
    package var value: Value {
        let roles = hosts.map { line -> Value in
            Self.value(Mapping([("host", Value(line.host.name))]), line.need)
        }
        let inside = guests.map { wish -> Value in
            let need = seenGuests.first { $0.name == wish.spec.name }?.need
            return Self.value(Mapping([("guest", Value(wish.spec.name))]), need ?? .unseen)
        }
        return [
            "trust": Value(offers.map { Value($0.host.name) }), "authority": Value(needsAuthority),
            "roles": Value(roles), "images": Value(images.filter(\.isMissing).map { Value($0.name) }),
            "machines": machines?.value ?? Value(wishes.map { Value($0.spec.name) }),
            "guests": Value(guests.map { Value($0.spec.name) }), "guest_roles": Value(inside),
        ]
    }

    private static func value(_ subject: Mapping, _ need: Need) -> Value {
        var map = subject
        switch need {
        case .states(let count): map["pending"] = Value(count)
        case .unseen: map["pending"] = .null
        case .problem(let problem): map["problem"] = Value(problem.diagnostic.summary)
        }
        return Value(map)
    }
}
