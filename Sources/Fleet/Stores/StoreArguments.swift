internal import Values

/// The arguments of a pool, network or volume, read with the places of its mistakes. The keys are Salt's.
struct StoreArguments {
    /// What they belong to, for messages: `the pool "data"`.
    let subject: String
    let map: Mapping
    let mark: Mark?

    /// - Parameter allowed: the keys that there may be.
    /// - Throws: for anything but a mapping, and for an unknown key.
    init(_ value: Value, of subject: String, allowed: [String]) throws(Diagnostics) {
        self.subject = subject
        mark = value.mark
        guard let map = value.isNull ? Mapping() : value.map else {
            throw Diagnostics(
                .error("\(subject) is \(value.kindName)", detail: "expected a mapping", mark: value.mark))
        }
        self.map = map
        for key in map.keys {
            let name = key.scalarText ?? key.kindName
            guard !allowed.contains(name) else { continue }
            throw Diagnostics(
                .error(
                    "unknown key \"\(name)\" in \(subject)",
                    hint: NearestName.hint(for: name, among: allowed) ?? "known are \(allowed.joined(separator: ", "))",
                    mark: key.mark ?? value.mark))
        }
    }

    /// A key's value; nil when it is absent or null.
    subscript(_ key: String) -> Value? { map[key].flatMap { $0.isNull ? nil : $0 } }

    func text(_ key: String) throws(Diagnostics) -> String? {
        guard let value = self[key] else { return nil }
        return try Self.text(value, "\"\(key)\" of \(subject)")
    }

    func number(_ key: String) throws(Diagnostics) -> Int? {
        guard let text = try text(key) else { return nil }
        guard let number = Int(text) else { throw wrong(key, text, "a whole number") }
        return number
    }

    func truth(_ key: String) throws(Diagnostics) -> Bool? {
        guard let value = self[key] else { return nil }
        if let truth = value.bool { return truth }
        switch value.scalarText?.lowercased() {
        case "yes", "on", "true", "1": return true
        case "no", "off", "false", "0": return false
        default: throw wrong(key, value.scalarText ?? value.kindName, "true or false")
        }
    }

    /// A list of words, or one text with spaces or commas between them.
    func words(_ key: String) throws(Diagnostics) -> [String] {
        guard let value = self[key] else { return [] }
        guard let list = value.list else {
            return try text(key)?.split { $0 == " " || $0 == "," }.map(String.init) ?? []
        }
        var words: [String] = []
        for item in list { words.append(try Self.text(item, "\"\(key)\" of \(subject)")) }
        return words
    }

    /// The items of a list; a single value counts as a list of one.
    func items(_ key: String) -> [Value] {
        self[key].map { $0.list ?? [$0] } ?? []
    }

    func required(_ key: String) throws(Diagnostics) -> String {
        if let text = try text(key) { return text }
        throw Diagnostics(.error("\(subject) needs \"\(key)\"", mark: mark))
    }

    func wrong(_ key: String, _ found: String, _ wanted: String) -> Diagnostics {
        Diagnostics(
            .error(
                "bad \"\(key)\" of \(subject): \"\(Printable.line(found))\"", detail: "expected \(wanted)",
                mark: self[key]?.mark ?? mark))
    }

    /// A scalar as it was written: a mode keeps its leading zero.
    static func text(_ value: Value, _ what: String) throws(Diagnostics) -> String {
        if case .string(let text) = value.kind { return text }
        guard let text = value.raw ?? value.scalarText else {
            throw Diagnostics(
                .error("\(what) is \(value.kindName)", detail: "expected text or a number", mark: value.mark))
        }
        return text
    }
}
