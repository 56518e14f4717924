internal import Inventory
internal import Values

/// What is wished against what is there. Pure; where new VMs go is decided afterwards.
struct PlanComparison {
    /// A hypervisor that did not answer.
    struct Silence: Sendable {
        let host: String
        /// VMs that it had when it last answered.
        let lastSeen: Set<String>
        /// Whether it has those and no others, because it said so by other means.
        var isCertain = false
    }

    var wishes: [MachineWish]
    /// All that answering hosts have.
    var present: [PresentMachine]
    var silent: [Silence]
    var hosts: [String: Host]
    /// Hosts that a wish's target expression means, by the VM's name; nothing for a VM without one.
    var allowed: [String: Set<String>] = [:]
    /// VMs in no file that may be deleted.
    var deletable: Set<String> = []
    /// Whether VMs in no file are to be told of: not when only some were asked for.
    var isWhole = true

    /// Those in files in their order, then those in none.
    func lines() throws(Diagnostics) -> [PlanLine] {
        let listed = Set(wishes.map(\.spec.name))
        var lines: [PlanLine] = []
        for wish in wishes { lines.append(try line(wish)) }
        let others = present.filter { $0.isOwned && !listed.contains($0.name) }.sorted { $0.name < $1.name }
        for machine in others {
            let isDeletable = deletable.contains(machine.name)
            guard isWhole || isDeletable else { continue }
            var line = PlanLine(machine.name, isDeletable ? .delete : .unlisted, host: machine.host)
            line.uuid = machine.uuid
            let hosts = others.filter { $0.name == machine.name }.map(\.host)
            if isDeletable, hosts.count > 1 {
                line.refuse(
                    "it is there several times, on \(hosts.joined(separator: ", ")), and a name does not say which one "
                        + "is to go: `drover op recover`, or `drover vm delete UUID`")
            }
            lines.append(line)
        }
        return lines
    }

    private func line(_ wish: MachineWish) throws(Diagnostics) -> PlanLine {
        let name = wish.spec.name
        let found = present.filter { $0.name == name }
        guard let machine = found.first else { return missing(name) }
        guard found.count == 1 else {
            let places = found.map { "\($0.host) (\($0.activity.rawValue))" }.joined(separator: ", ")
            return PlanLine(name, .refused, reason: "it is there several times, on \(places): run `drover op recover`")
        }
        guard machine.isOwned else {
            return PlanLine(name, .foreign, host: machine.host, reason: "take it in with `drover vm adopt \(name)`")
        }
        guard let host = hosts[machine.host] else {
            return PlanLine(name, .unknown, host: machine.host, reason: "its host is not in the inventory")
        }
        let comparison = MachineComparison(spec: wish.spec, host: host, present: machine)
        let changes = try comparison.changes()
        var line = PlanLine(name, changes.isEmpty ? .keep : .change, host: machine.host)
        line.changes = changes
        line.differences = try comparison.differences()
        line.uuid = machine.uuid
        // Wherever it may be it stays: moving it by hand is nobody's mistake.
        if let reason = displacement(wish.spec, machine.host) {
            guard machine.activity == .running else {
                line.refuse(
                    "it is \(machine.activity.rawValue) on \(machine.host), and only VMs that run are moved, but \(reason): "
                        + "start it with `drover vm \(machine.activity == .paused ? "resume" : "start") \(name)` and apply "
                        + "again, or let its entry allow \(machine.host)")
                return line
            }
            line.action = .move
            line.reason = reason
            line.target = wish.spec.host
        }
        return line
    }

    private func displacement(_ spec: MachineSpec, _ host: String) -> String? {
        if let wanted = spec.host { return wanted == host ? nil : "its entry says \"host: \(wanted)\"" }
        guard let allowed = allowed[spec.name], !allowed.contains(host) else { return nil }
        return "\"\(spec.place ?? "")\" does not mean \(host)"
    }

    private func missing(_ name: String) -> PlanLine {
        if let home = silent.first(where: { $0.lastSeen.contains(name) }) {
            let reason =
                home.isCertain
                ? "\(home.host) has it, and its libvirt does not answer yet"
                : "it was last seen on \(home.host), which does not answer"
            return PlanLine(name, .unknown, host: home.host, reason: reason)
        }
        let names = silent.filter { !$0.isCertain }.map(\.host)
        guard !names.isEmpty else { return PlanLine(name, .create) }
        let options = names.map { "--assume-absent \($0)" }.joined(separator: " ")
        let verb = names.count == 1 ? "does not answer and may have it" : "do not answer and may have it"
        return PlanLine(
            name, .unknown, reason: "\(names.joined(separator: ", ")) \(verb); if not for sure, add \(options)")
    }
}
