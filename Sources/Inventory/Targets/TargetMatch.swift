internal import Values

/// Decides whether a host is meant by a term.
struct TargetMatch {
    private let term: TargetTerm
    private let facts: [String: Value]
    private let lastRun: [TargetTerm.LastRun: Set<String>]
    /// Globs and regular expressions made ready once for all hosts.
    private var patterns: [String: [Glob]] = [:]
    private var regexes: [String: Regex<AnyRegexOutput>] = [:]

    init(_ term: TargetTerm, facts: [String: Value], lastRun: [TargetTerm.LastRun: Set<String>]) {
        self.term = term
        self.facts = facts
        self.lastRun = lastRun
        for part in term.all {
            switch part {
            case .name(let name, _): patterns[name] = Self.globs(name)
            case .role(let pattern), .machine(let pattern): patterns[pattern] = Self.globs(pattern)
            case .fact(_, let pattern), .variable(_, let pattern): patterns[pattern] = [Glob(pattern.lowercased())]
            case .regex(let pattern): regexes[pattern] = try? Regex(pattern)
            default: break
            }
        }
    }

    /// Plain names must exist; globs and ranges may match nothing.
    static func isKnown(_ name: String, in inventory: Inventory) -> Bool {
        name == "all" || Glob.isPattern(name) || inventory.host(name) != nil || inventory.group(name) != nil
            || name == Inventory.machineGroup
    }

    func matches(_ host: Host) -> Bool { matches(host, term) }

    private func matches(_ host: Host, _ term: TargetTerm) -> Bool {
        switch term {
        case .name("all", _): true
        case .name(let name, _):
            name == host.name || host.groups.contains(name) || (Glob.isPattern(name) && fits(name, host.name))
        case .regex(let pattern): regexes[pattern].map { host.name.contains($0) } ?? false
        case .role(let pattern): host.roles.contains { fits(pattern, $0) }
        case .machine(let pattern): host.groups.contains(Inventory.machineGroup) && fits(pattern, host.name)
        case .fact(let path, let pattern): has(Value(gathered(host)), path, pattern)
        case .variable(let path, let pattern): has(Value(host.vars), path, pattern)
        case .lastRun(let run, _): lastRun[run]?.contains(host.name) ?? false
        case .not(let inner): !matches(host, inner)
        case .and(let left, let right): matches(host, left) && matches(host, right)
        case .or(let left, let right): matches(host, left) || matches(host, right)
        }
    }

    private func fits(_ pattern: String, _ text: String) -> Bool {
        patterns[pattern]?.contains { $0.matches(text) } ?? false
    }

    private static func globs(_ pattern: String) -> [Glob] {
        ((try? NameRange.expand(pattern)) ?? [pattern]).map { Glob($0) }
    }

    private func gathered(_ host: Host) -> Mapping {
        (facts[host.name]?.map ?? Mapping()).merged(with: host.facts)
    }

    private func has(_ value: Value, _ path: String, _ pattern: String) -> Bool {
        Self.values(value, path[...]).contains { found in
            Self.texts(found).contains { text in patterns[pattern]?.contains { $0.matches(text.lowercased()) } ?? false
            }
        }
    }

    /// What stands at a path whose parts are joined by `.` or `:`; keys may hold these signs themselves.
    private static func values(_ value: Value, _ path: Substring) -> [Value] {
        if path.isEmpty { return [value] }
        if let items = value.list { return items.flatMap { values($0, path) } }
        guard let mapping = value.map else { return [] }
        var found: [Value] = []
        for cut in path.indices + [path.endIndex] where cut == path.endIndex || path[cut] == "." || path[cut] == ":" {
            guard cut > path.startIndex else { continue }
            let key = String(path[..<cut])
            let rest = cut == path.endIndex ? path[cut...] : path[path.index(after: cut)...]
            if cut < path.endIndex, rest.isEmpty { continue }
            guard let next = mapping[key] ?? Int(key).flatMap({ mapping[Value($0)] }) else { continue }
            found += values(next, rest)
        }
        return found
    }

    /// The ways a value may be written in an expression; of a list, any item's; of a mapping, any key.
    private static func texts(_ value: Value) -> [String] {
        switch value.kind {
        case .list(let items): items.flatMap(texts)
        case .map(let mapping): mapping.keys.flatMap(texts)
        case .null: ["null", "none", "~", ""]
        case .bool(let truth): truth ? ["true", "yes", "on"] : ["false", "no", "off"]
        default: [value.scalarText, value.raw].compactMap { $0 }
        }
    }
}
