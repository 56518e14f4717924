package import Values

/// Reads the keys of one mapping and collects all that is wrong with it, keys that nobody asked for included.
struct KeyReader {
    private let mapping: Mapping
    private let what: String
    private var known: [String] = []
    private var problems: [Diagnostic] = []

    /// - Parameter what: what the mapping describes, for messages: `the disk "data"`.
    init(_ mapping: Mapping, of what: String) {
        self.mapping = mapping
        self.what = what
    }

    /// The value of the first of `keys` that is there; null counts as absent.
    mutating func value(_ keys: String...) -> Value? { first(keys) }

    mutating func text(_ keys: String...) -> String? {
        guard let value = first(keys) else { return nil }
        return written(value) ?? bad(value, keys, "text")
    }

    mutating func whole(_ keys: String..., from lowest: Int = 0, to highest: Int = .max) -> Int? {
        guard let value = first(keys) else { return nil }
        guard let number = value.int ?? value.string.flatMap({ Int($0) }) else { return bad(value, keys, "a number") }
        guard lowest <= number, number <= highest else {
            return bad(value, keys, highest == .max ? "at least \(lowest)" : "\(lowest) to \(highest)")
        }
        return number
    }

    mutating func truth(_ keys: String...) -> Bool? {
        guard let value = first(keys) else { return nil }
        if let truth = value.bool { return truth }
        switch value.string?.lowercased() {
        case "true", "yes", "on": return true
        case "false", "no", "off": return false
        default: return bad(value, keys, "true or false")
        }
    }

    mutating func size(_ keys: String...) -> ByteSize? {
        guard let value = first(keys) else { return nil }
        do throws(Diagnostic) {
            return try ByteSize(value)
        } catch {
            problems.append(error)
            return nil
        }
    }

    /// A list of words, or one word standing for a list of one; a text with commas counts as several.
    mutating func words(_ keys: String...) -> [String]? {
        guard let value = first(keys) else { return nil }
        if let list = value.list {
            let words = list.compactMap(written)
            return words.count == list.count ? words : bad(value, keys, "a list of words")
        }
        guard let text = written(value) else { return bad(value, keys, "a list of words") }
        return text.split(separator: ",").map { String($0.drop { $0 == " " }) }
    }

    mutating func choice<Choice: RawRepresentable & CaseIterable>(
        _ keys: String..., as _: Choice.Type = Choice.self
    ) -> Choice? where Choice.RawValue == String {
        guard let value = first(keys) else { return nil }
        if let choice = value.scalarText.flatMap(Choice.init(rawValue:)) { return choice }
        return bad(value, keys, Choice.allCases.map(\.rawValue).joined(separator: ", "))
    }

    /// Reads something of a key's own; what `read` throws is collected.
    mutating func read<Result>(_ keys: String..., by read: (Value) throws(Diagnostics) -> Result) -> Result? {
        guard let value = first(keys) else { return nil }
        do throws(Diagnostics) {
            return try read(value)
        } catch {
            problems += error.all
            return nil
        }
    }

    mutating func add(_ problem: Diagnostic) { problems.append(problem) }

    /// - Throws: everything that was wrong.
    mutating func finish() throws(Diagnostics) {
        for key in mapping.keys {
            guard let name = key.scalarText, !known.contains(name) else { continue }
            problems.append(
                .error(
                    "unknown key \"\(name)\" of \(what)",
                    hint: NearestName.hint(for: name, among: known) ?? "known are \(known.joined(separator: ", "))",
                    mark: key.mark))
        }
        if let found = Diagnostics(problems) { throw found }
    }

    private mutating func first(_ keys: [String]) -> Value? {
        known += keys
        return keys.lazy.compactMap { [mapping] in mapping[$0] }.first { !$0.isNull }
    }

    /// As it was written, so that a name `0123` stays that.
    private func written(_ value: Value) -> String? { value.raw ?? value.scalarText }

    private mutating func bad<Result>(_ value: Value, _ keys: [String], _ expected: String) -> Result? {
        let found = value.scalarText.map { "\"\($0)\"" } ?? value.kindName
        problems.append(
            .error("bad \"\(keys[0])\" of \(what): \(found)", detail: "expected \(expected)", mark: value.mark))
        return nil
    }
}

extension Mapping {
    /// Reads `a=1,b=2`, as options of commands are written. A part without `=` belongs to the value before it, so that
    /// lists can be given: `dns=10.0.0.1,10.0.0.2`.
    init(argument: String, of what: String) throws(Diagnostics) {
        var pairs: [(String, String)] = []
        for part in argument.split(separator: ",", omittingEmptySubsequences: false) {
            if let equals = part.firstIndex(of: "=") {
                pairs.append((String(part[..<equals]), String(part[part.index(after: equals)...])))
            } else if let last = pairs.popLast() {
                pairs.append((last.0, last.1 + "," + part))
            } else {
                throw Diagnostics(
                    .error("cannot read \(what) \"\(argument)\"", hint: "write KEY=VALUE,KEY=VALUE"))
            }
        }
        self.init(pairs.map { ($0.0, Value($0.1)) })
        guard count == pairs.count else {
            throw Diagnostics(.error("a key is given twice in \(what) \"\(argument)\""))
        }
    }
}
