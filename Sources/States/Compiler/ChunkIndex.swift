import Values

/// Finds the chunks that a reference means.
struct ChunkIndex {
    private struct Key: Hashable {
        var module: String
        var name: String
    }

    private var byName: [Key: [Int]] = [:]
    /// Keys in the order in which they were met, for wildcards.
    private var keys: [Key] = []
    private var bySLS: [String: [Int]] = [:]
    private let included: [String: Set<String>]
    private let drafts: [ChunkDraft]

    init(_ drafts: [ChunkDraft], high: HighState) {
        self.drafts = drafts
        included = high.included
        for (index, draft) in drafts.enumerated() {
            for module in [draft.state, "id"] {
                add(index, Key(module: module, name: draft.name))
                if draft.id != draft.name { add(index, Key(module: module, name: draft.id)) }
            }
            for sls in [draft.sls] + draft.includedFrom where bySLS[sls]?.last != index {
                bySLS[sls, default: []].append(index)
            }
        }
    }

    private mutating func add(_ index: Int, _ key: Key) {
        if byName[key] == nil { keys.append(key) }
        if byName[key]?.last != index { byName[key, default: []].append(index) }
    }

    /// The chunks of a module (or of any, for `id`) with this ID or name; of an SLS, for `sls`; nil when there are none.
    /// - Parameter own: the chunk that refers; a wildcard or its own SLS does not mean it itself.
    func chunks(module: String, name: String, from own: Int) -> [Int]? {
        if module == "sls" { return files(name).map { $0.filter { $0 != own } } }
        if let exact = byName[Key(module: module, name: name)] { return exact }
        guard Wildcard.isPattern(name) else { return nil }
        let wildcard = Wildcard(name)
        var found: Set<Int> = []
        for key in keys where key.module == module && wildcard.matches(key.name) {
            found.formUnion(byName[key] ?? [])
        }
        return found.isEmpty ? nil : found.subtracting([own]).sorted()
    }

    /// The chunks of an SLS and of what it includes. One that was rendered and declares nothing is still there.
    private func files(_ name: String) -> [Int]? {
        if let found = bySLS[name] { return found }
        if let nested = included[name] {
            return Set(nested.flatMap { bySLS[$0] ?? [] }).sorted()
        }
        guard Wildcard.isPattern(name) else { return nil }
        let wildcard = Wildcard(name)
        return Set(bySLS.filter { wildcard.matches($0.key) }.flatMap(\.value)).sorted()
    }

    /// What a person may have meant by a reference that nothing answers.
    func hint(module: String, name: String) -> String? {
        if module == "sls" {
            return NearestName.of(name, among: included.keys.sorted()).map { "did you mean \"sls: \($0)\"?" }
        }
        if let other = byName[Key(module: "id", name: name)]?.first {
            return "\"\(name)\" is a \"\(drafts[other].state)\": write \"\(drafts[other].state): \(name)\""
        }
        let near = NearestName.of(name, among: keys.filter { $0.module == module }.map(\.name))
        if let near { return module == "id" ? "did you mean \"\(near)\"?" : "did you mean \"\(module): \(near)\"?" }
        return "declare it, or include the SLS that does"
    }
}
