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
    /// Hypervisors that this fleet directory has no certificate for.
    let bare: [Host]
    /// The VMs that those of them have that were asked over SSH.
    let holdings: [String: Set<String>]
    /// Those of them that do not answer over SSH either: they may have any VM.
    let mute: [String]
    /// How long it took to look.
    let seconds: Double

    /// VMs that have roles of their own, applied inside once they answer.
    package var guests: [MachineWish] { wishes.filter { !$0.spec.roles.isEmpty && $0.spec.startState == .running } }
    /// Why hosts were not reached.
    package var problems: [HostProblem] {
        hosts.compactMap { if case .problem(let problem) = $0.need { problem } else { nil } }
    }
    package var isWork: Bool {
        !offers.isEmpty || needsAuthority || hosts.contains { $0.need.isWork } || images.contains(where: \.isMissing)
            || machines?.isChanging ?? !wishes.isEmpty
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
            for line in machines.lines where line.action != .keep { add("vms", line.text) }
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
        for wish in guests { add("guests", "\(wish.spec.name): \(wish.spec.roles.joined(separator: ", "))") }
        return lines.map { Printable.line($0) + "\n" }.joined()
    }

    /// Hosts that need the same, together.
    private var roleLines: [(String, [String])] {
        var order: [String] = []
        var groups: [String: [String]] = [:]
        for line in hosts {
            let words: String
            switch line.need {
            case .states(0): words = "as they should be"
            case .states(let count): words = "\(count) of \(line.host.roles.joined(separator: ", ")) to change"
            case .unseen: words = line.host.roles.joined(separator: ", ")
            case .problem(let problem): words = "left for the next run: \(problem.diagnostic.summary)"
            }
            if groups[words] == nil { order.append(words) }
            groups[words, default: []].append(line.host.name)
        }
        return order.map { ($0, groups[$0] ?? []) }
    }

    private static func names(_ names: [String]) -> String {
        names.count <= 12
            ? names.joined(separator: ", ") : names.prefix(10).joined(separator: ", ") + " and \(names.count - 10) more"
    }

    /// Stable API: programs read these keys.
    package var value: Value {
        let roles = hosts.map { line -> Value in
            var map = Mapping([("host", Value(line.host.name))])
            switch line.need {
            case .states(let count): map["pending"] = Value(count)
            case .unseen: map["pending"] = .null
            case .problem(let problem): map["problem"] = Value(problem.diagnostic.summary)
            }
            return Value(map)
        }
        return [
            "trust": Value(offers.map { Value($0.host.name) }), "authority": Value(needsAuthority),
            "roles": Value(roles), "images": Value(images.filter(\.isMissing).map { Value($0.name) }),
            "machines": machines?.value ?? Value(wishes.map { Value($0.spec.name) }),
            "guests": Value(guests.map { Value($0.spec.name) }),
        ]
    }
}
