internal import Values

/// Which groups contain which, and in what order their settings apply.
struct GroupTree: Sendable {
    /// In order of application: a parent before its children, else the files' order.
    let groups: [InventoryReader.GroupDraft]
    private(set) var problems: [Diagnostic] = []
    private let parents: [String: [String]]
    /// The groups that name a host themselves.
    private let memberships: [String: [String]]

    init(_ drafts: [InventoryReader.GroupDraft]) {
        let names = Set(drafts.map(\.name))
        var parents: [String: [String]] = [:]
        for draft in drafts {
            for child in draft.children {
                let name = child.written ?? ""
                if names.contains(name) {
                    parents[name, default: []].append(draft.name)
                } else {
                    problems.append(
                        .error(
                            "unknown group \"\(child.written ?? child.kindName)\" among the children of \"\(draft.name)\"",
                            hint: NearestName.hint(for: name, among: drafts.map(\.name)), mark: child.mark))
                }
            }
        }
        self.parents = parents
        var memberships: [String: [String]] = [:]
        for draft in drafts {
            for host in draft.hosts { memberships[host, default: []].append(draft.name) }
        }
        self.memberships = memberships
        var placed: Set<String> = []
        var order: [InventoryReader.GroupDraft] = []
        var waiting = drafts
        while !waiting.isEmpty {
            // One at a time, so that groups come as early as the files name them.
            let ready = waiting.firstIndex { draft in (parents[draft.name] ?? []).allSatisfy(placed.contains) }
            guard let ready else {
                problems.append(Self.cycle(waiting, parents))
                break
            }
            let draft = waiting.remove(at: ready)
            placed.insert(draft.name)
            order.append(draft)
        }
        groups = order
    }

    private static func cycle(_ drafts: [InventoryReader.GroupDraft], _ parents: [String: [String]]) -> Diagnostic {
        let names = Set(drafts.map(\.name))
        // Walking up among groups that all wait for a parent must come back to one of them.
        var path: [String] = []
        var here = drafts[0].name
        while !path.contains(here) {
            path.append(here)
            here = parents[here]?.first(where: names.contains) ?? here
        }
        let circle = [here] + path.drop { $0 != here }.dropFirst().reversed() + [here]
        return .error(
            "group \"\(here)\" contains itself", detail: circle.map { "\"\($0)\"" }.joined(separator: " contains "),
            mark: drafts.first { $0.name == here }?.mark)
    }

    /// The groups a host is in, through children too, in order of application.
    func groups(of host: String) -> [InventoryReader.GroupDraft] {
        groups(named: memberships[host] ?? [])
    }

    /// These groups and all that contain them, in order of application.
    func groups(named names: [String]) -> [InventoryReader.GroupDraft] {
        var found: Set<String> = []
        var waiting = names
        while let name = waiting.popLast() {
            if found.insert(name).inserted { waiting += parents[name] ?? [] }
        }
        return found.isEmpty ? [] : groups.filter { found.contains($0.name) }
    }
}
