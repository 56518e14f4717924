/// What a lab was made with; it keeps that for as long as it is there.
struct LabRecord: Sendable, Hashable {
    var definition: LabDefinition
    var base: BaseRoot

    /// Lines of `key value`.
    var text: String {
        "hosts \(definition.hostCount)\nsan \(definition.hasSAN)\nroot \(base.root)\nrepository \(base.repository)\n"
    }

    init(definition: LabDefinition, base: BaseRoot) {
        self.definition = definition
        self.base = base
    }

    /// Reads what `text` gives; nil for anything else.
    init?(name: String, text: String) {
        var entries: [Substring: Substring] = [:]
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ", maxSplits: 1)
            if words.count == 2 { entries[words[0]] = words[1] }
        }
        guard let hosts = entries["hosts"].flatMap({ Int($0) }), let root = entries["root"],
            let repository = entries["repository"],
            let definition = try? LabDefinition(name: name, hosts: hosts, san: entries["san"] == "true")
        else { return nil }
        self.init(definition: definition, base: BaseRoot(root: String(root), repository: String(repository)))
    }
}
