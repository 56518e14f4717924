package import Values

/// Expands an entry whose name holds ranges, together with the texts of its settings.
package struct RangedEntry {
    /// What it stands for, in order.
    package private(set) var entries: [(name: String, settings: Mapping)] = []
    package private(set) var problems: [Diagnostic] = []

    /// - Parameters:
    ///   - key: the name as written.
    ///   - strict: keys in whose texts a range must have as many items as the name stands for. In other keys, numbers in
    ///     brackets are expanded only when the count is the same, so that patterns (`[a-z]`) stay what they are.
    package init(key: Value, settings: Mapping, strict: Set<String>) {
        let name = key.written ?? ""
        let names: [String]
        do throws(NameRange.Problem) {
            names = try NameRange.expand(name)
        } catch {
            problems.append(.error(error.message, mark: key.mark))
            return
        }
        if let bad = names.first(where: { !Name.isGood($0) || Name.reserved.contains($0) }) {
            problems.append(Self.badName(bad, key))
            return
        }
        if Set(names).count < names.count {
            problems.append(.error("\"\(name)\" stands for one name several times", mark: key.mark))
            return
        }
        var results = Array(repeating: Mapping(), count: names.count)
        for (key, value) in settings {
            let expanded = expand(value, count: names.count, name: name, isStrict: strict.contains(key.written ?? ""))
            for index in names.indices { results[index][key] = expanded.map { $0[index] } ?? value }
        }
        if problems.isEmpty { entries = zip(names, results).map { (name: $0, settings: $1) } }
    }

    private static func badName(_ name: String, _ key: Value) -> Diagnostic {
        if Name.reserved.contains(name) {
            return .error(
                "name \"\(name)\" is a word of target expressions", hint: "choose another name", mark: key.mark)
        }
        return .error(
            "bad name \"\(name)\"",
            detail: "expected letters, digits, \".\", \"_\" and \"-\", beginning with a letter or digit",
            hint: name.contains("[") ? "ranges look like hv[1-3], hv[01-10] or rack[a-c]" : nil, mark: key.mark)
    }

    /// The values for each name, or nil when the value is the same for all.
    private mutating func expand(_ value: Value, count: Int, name: String, isStrict: Bool) -> [Value]? {
        switch value.kind {
        case .string(let text):
            guard NameRange.isIn(text) else { return nil }
            if !isStrict, count == 1 || text.contains(",") || !Self.isNumeric(text) { return nil }
            guard let texts = try? NameRange.expand(text), texts.count == count else {
                if isStrict { mismatch(value, text, count: count, name: name) }
                return nil
            }
            return texts.map { Value($0, at: value.mark) }
        case .list(let items):
            let all = items.map { expand($0, count: count, name: name, isStrict: isStrict) }
            guard all.contains(where: { $0 != nil }) else { return nil }
            return (0..<count).map { index in
                Value(zip(items, all).map { item, expanded in expanded.map { $0[index] } ?? item }, at: value.mark)
            }
        case .map(let mapping):
            let all = mapping.map {
                (key: $0.key, item: $0.value, expanded: expand($0.value, count: count, name: name, isStrict: isStrict))
            }
            guard all.contains(where: { $0.expanded != nil }) else { return nil }
            return (0..<count).map { index in
                var result = Mapping()
                for entry in all { result[entry.key] = entry.expanded.map { $0[index] } ?? entry.item }
                return Value(result, at: value.mark)
            }
        default: return nil
        }
    }

    private static func isNumeric(_ text: String) -> Bool {
        text.split(separator: "[", omittingEmptySubsequences: false).dropFirst().allSatisfy {
            $0.first?.isNumber == true
        }
    }

    private mutating func mismatch(_ value: Value, _ text: String, count: Int, name: String) {
        do throws(NameRange.Problem) {
            let found = try NameRange.expand(text).count
            problems.append(
                .error(
                    "\"\(text)\" stands for \(found) values, \"\(name)\" for \(count) \(count == 1 ? "name" : "names")",
                    hint: "ranges expand together: give both the same count", mark: value.mark))
        } catch {
            problems.append(.error(error.message, mark: value.mark))
        }
    }
}
