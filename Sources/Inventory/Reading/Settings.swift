internal import Values

/// Merging what several places say of the same thing.
enum Settings {
    /// Adds what a second place says to what a first one said. Mappings are merged key by key, roles and other listed words
    /// (`union`) are joined; different values for one key are a conflict that names both places.
    static func join(_ first: Mapping, _ second: Mapping, of what: String, union: Set<String> = []) -> (
        Mapping, [Diagnostic]
    ) {
        var result = first
        var problems: [Diagnostic] = []
        for (key, value) in second {
            guard let mine = result[key], mine != value else {
                result[key] = value
                continue
            }
            let name = key.written ?? key.kindName
            if case .map(let left) = mine.kind, case .map(let right) = value.kind {
                let (merged, inner) = join(left, right, of: "\"\(name)\" of \(what)")
                result[key] = Value(merged, at: mine.mark)
                problems += inner
            } else if union.contains(name) {
                let words = mine.list ?? [mine]
                let more = (value.list ?? [value]).filter { !words.contains($0) }
                result[key] = Value(words + more, at: mine.mark)
            } else {
                problems.append(
                    .error(
                        "conflicting values for \"\(name)\" of \(what)",
                        detail: "\(shown(value)) here, \(shown(mine)) at \(mine.mark?.description ?? "another place")",
                        hint: "say it in one place, or the same in both", mark: value.mark ?? key.mark))
            }
        }
        return (result, problems)
    }

    private static func shown(_ value: Value) -> String {
        value.written.map { "\"\($0)\"" } ?? value.kindName
    }
}
