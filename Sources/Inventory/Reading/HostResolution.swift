internal import Values

/// Lays what is said of a host over what is said of its groups and of all hosts.
struct HostResolution: Sendable {
    let defaults: Mapping
    let vars: Mapping
    let tree: GroupTree

    func host(_ draft: InventoryReader.HostDraft, in names: [String] = []) -> Host {
        let groups = names.isEmpty ? tree.groups(of: draft.name) : tree.groups(named: names)
        let layers = [defaults] + groups.map(\.settings) + [draft.settings]
        var settings = Mapping()
        var roles: [String] = []
        var merged = vars
        var facts = Mapping()
        for layer in layers {
            for (key, value) in layer { settings[key] = value }
            for role in layer["roles"]?.words ?? [] where !roles.contains(role) { roles.append(role) }
            merged = merged.merged(with: layer["vars"]?.map ?? Mapping())
            facts = facts.merged(with: layer["facts"]?.map ?? Mapping())
        }
        // A jump host meant for all its group is not reached through itself.
        if settings["jump"]?.written == draft.name, draft.settings["jump"] == nil { settings["jump"] = .null }
        let groupNames = groups.map(\.name) + names.filter { name in !groups.contains { $0.name == name } }
        return Host(
            name: draft.name, settings: settings, roles: roles, vars: merged, facts: facts, groups: groupNames,
            mark: draft.mark)
    }
}
