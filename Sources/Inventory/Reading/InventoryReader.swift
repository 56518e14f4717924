internal import Values

/// Collects what the inventory's files say, section by section, and every problem in them.
struct InventoryReader {
    /// A group as the files describe it.
    struct GroupDraft {
        let name: String
        let mark: Mark?
        var hosts: [String] = []
        var children: [Value] = []
        var settings = Mapping()
    }

    /// A host as the files describe it, in all places together.
    struct HostDraft {
        let name: String
        let mark: Mark?
        var settings = Mapping()
    }

    private(set) var defaults = Mapping()
    private(set) var vars = Mapping()
    private(set) var images = Mapping()
    private(set) var machines: [(name: String, spec: Mapping, mark: Mark?)] = []
    private(set) var groups: [GroupDraft] = []
    private(set) var hosts: [HostDraft] = []
    private(set) var problems: [Diagnostic] = []
    private var groupIndex: [String: Int] = [:]
    private var hostIndex: [String: Int] = [:]
    private var machineIndex: [String: Int] = [:]

    private static let sections = ["defaults", "groups", "hosts", "images", "vars", "vms"]
    private static let groupKeys = ["hosts", "children"] + sharedKeys(except: HostKey.ofOneHost)
    private static let defaultKeys = sharedKeys(except: HostKey.ofOneHost.union([.vars, .facts, .uri]))
    private static let hostKeys = HostKey.allCases.map(\.rawValue)

    private static func sharedKeys(except: Set<HostKey>) -> [String] {
        HostKey.allCases.filter { !except.contains($0) }.map(\.rawValue)
    }

    mutating func read(_ source: SourceText) {
        let document: Value
        do throws(Diagnostics) {
            document = try YAML.read(source)
        } catch {
            problems += error.all
            return
        }
        for (key, value) in mapping(document, "the inventory") {
            switch key.written {
            case "defaults":
                join(checked(value, "defaults", allowed: Self.defaultKeys), into: \.defaults, of: "defaults")
            case "vars": join(mapping(value, "\"vars\""), into: \.vars, of: "vars")
            case "images": join(mapping(value, "\"images\""), into: \.images, of: "images")
            case "groups": for (name, group) in mapping(value, "\"groups\"") { read(group: name, group) }
            case "hosts":
                for entry in hostEntries(value, "\"hosts\"") { read(host: entry.key, entry.value, group: nil) }
            case "vms": for (name, spec) in mapping(value, "\"vms\"") { read(machine: name, spec) }
            default: problems.append(HostKey.unknown(key, in: "the inventory", allowed: Self.sections))
            }
        }
    }

    private mutating func join(_ new: Mapping, into path: WritableKeyPath<Self, Mapping>, of what: String) {
        let (merged, conflicts) = Settings.join(self[keyPath: path], new, of: what, union: ["roles"])
        self[keyPath: path] = merged
        problems += conflicts
    }

    private mutating func read(group key: Value, _ value: Value) {
        guard let name = key.written, Name.isGood(name), !Name.reserved.contains(name) else {
            problems.append(
                .error(
                    "bad group name \"\(key.written ?? key.kindName)\"",
                    detail: "expected letters, digits, \".\", \"_\" and \"-\", and none of and, or, not, all",
                    mark: key.mark))
            return
        }
        let what = "group \"\(name)\""
        var settings = checked(value, what, allowed: Self.groupKeys)
        var draft = groupIndex[name].map { groups[$0] } ?? GroupDraft(name: name, mark: key.mark)
        let members = settings.removeValue(forKey: "hosts")
        let children = settings.removeValue(forKey: "children")
        if name == Inventory.machineGroup, let place = members ?? children {
            problems.append(
                .error(
                    "group \"\(name)\" holds the fleet's VMs and nothing else",
                    hint: "name them under the top-level \"vms\"",
                    mark: place.mark))
            return
        }
        let (merged, conflicts) = Settings.join(draft.settings, settings, of: what, union: ["roles"])
        draft.settings = merged
        problems += conflicts
        draft.children += childNames(children, what)
        for entry in hostEntries(members ?? .null, "\"hosts\" of \(what)") {
            draft.hosts += read(host: entry.key, entry.value, group: name)
        }
        if let index = groupIndex[name] {
            groups[index] = draft
        } else {
            groupIndex[name] = groups.count
            groups.append(draft)
        }
    }

    /// Children as a list of names or as a mapping of names to nothing.
    private mutating func childNames(_ value: Value?, _ what: String) -> [Value] {
        guard let value, !value.isNull else { return [] }
        let names = value.map?.keys ?? value.list ?? [value]
        if let nested = value.map?.first(where: { !$0.value.isNull }) {
            problems.append(
                .error(
                    "children of \(what) are names, found \(nested.value.kindName)",
                    hint: "describe the group under \"groups\" and only name it here", mark: nested.value.mark))
        }
        return names
    }

    /// Hosts as a mapping of names to settings, or as a list of names.
    private mutating func hostEntries(_ value: Value, _ what: String) -> [(key: Value, value: Value)] {
        guard let list = value.list else { return mapping(value, what).map { ($0.key, $0.value) } }
        return list.compactMap { item in
            guard item.written == nil else { return (item, .null) }
            problems.append(
                .error(
                    "expected the name of a host, found \(item.kindName)",
                    hint: "write \"name: {address: ...}\" without dashes",
                    mark: item.mark))
            return nil
        }
    }

    @discardableResult
    private mutating func read(host key: Value, _ value: Value, group: String?) -> [String] {
        let what = "host \"\(key.written ?? key.kindName)\""
        if let address = value.written, Address.isIP(address) || NameRange.isIn(address) {
            problems.append(
                .error("\(what) has text for settings", hint: "write {address: \"\(address)\"}", mark: value.mark))
            return []
        }
        let ranged = RangedEntry(
            key: key, settings: known(value, what, allowed: Self.hostKeys),
            strict: Set(HostKey.expanded.map(\.rawValue)))
        problems += ranged.problems
        for entry in ranged.entries {
            let found = Self.valueProblems(entry.settings)
            problems += found
            // The others of the range have the same problem.
            guard found.isEmpty else { break }
            add(host: entry.name, entry.settings, at: key.mark)
        }
        return ranged.entries.map(\.name)
    }

    private mutating func add(host name: String, _ settings: Mapping, at mark: Mark?) {
        guard let index = hostIndex[name] else {
            hostIndex[name] = hosts.count
            hosts.append(HostDraft(name: name, mark: mark, settings: settings))
            return
        }
        let (merged, conflicts) = Settings.join(
            hosts[index].settings, settings, of: "host \"\(name)\"", union: ["roles"])
        hosts[index].settings = merged
        problems += conflicts
    }

    private mutating func read(machine key: Value, _ value: Value) {
        let ranged = RangedEntry(key: key, settings: mapping(value, "VM \"\(key.written ?? "")\""), strict: [])
        problems += ranged.problems
        for entry in ranged.entries {
            if let earlier = machineIndex.updateValue(machines.count, forKey: entry.name) {
                problems.append(
                    .error(
                        "two VMs are named \"\(entry.name)\"",
                        detail: machines[earlier].mark.map { "the other is at \($0)" }, mark: key.mark))
            }
            for shared in [HostKey.roles, .vars] {
                problems += entry.settings[shared.rawValue].map { shared.problems(of: $0) } ?? []
            }
            machines.append((entry.name, entry.settings, key.mark))
        }
    }

    private mutating func mapping(_ value: Value, _ what: String) -> Mapping {
        if let mapping = value.map { return mapping }
        if !value.isNull {
            problems.append(.error("\(what) must be a mapping, found \(value.kindName)", mark: value.mark))
        }
        return Mapping()
    }

    /// The known keys of a mapping; each other one is a problem.
    private mutating func known(_ value: Value, _ what: String, allowed: [String]) -> Mapping {
        var result = Mapping()
        for (key, item) in mapping(value, what) {
            if let name = key.written, allowed.contains(name) {
                result[key] = item
            } else {
                problems.append(HostKey.unknown(key, in: what, allowed: allowed))
            }
        }
        return result
    }

    private mutating func checked(_ value: Value, _ what: String, allowed: [String]) -> Mapping {
        let settings = known(value, what, allowed: allowed)
        problems += Self.valueProblems(settings)
        return settings
    }

    private static func valueProblems(_ settings: Mapping) -> [Diagnostic] {
        settings.flatMap { key, value in
            key.written.flatMap(HostKey.init(rawValue:))?.problems(of: value) ?? []
        }
    }
}
