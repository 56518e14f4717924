internal import States
internal import Values

/// What a state function has in hand while it turns one chunk into shell, and what it leaves behind.
struct StatePlanner {
    let index: Int
    private(set) var chunk: LowChunk
    let low: LowState
    let facts: Mapping
    let materials: Materials
    let sources: FileSources
    var registers: Registers

    /// Lines that check and apply.
    var run: [String] = []
    /// Lines for when something watched has changed; nil when a watch is a plain requirement.
    var again: [String]?
    /// Whole shell functions of this chunk alone.
    var functions: [String] = []
    var files: [BundleFile] = []
    /// Chunks that must have gone well besides those that the state itself requires.
    var alsoRequires: [Int] = []
    var problems: [Diagnostic] = []

    /// The state function's name in messages.
    var title: String { "\(chunk.state).\(chunk.function)" }

    /// The same with another chunk's arguments in hand.
    func reading(_ other: LowChunk) -> StatePlanner {
        var copy = self
        copy.chunk = other
        return copy
    }

    mutating func assign(_ name: String, _ value: String) { run.append(ShellText.assignment(name, value)) }
    mutating func assign(_ name: String, _ truth: Bool) { run.append("\(name)=\(truth ? 1 : 0)") }
    mutating func assign(_ name: String, _ number: Int) { run.append("\(name)=\(number)") }
    mutating func call(_ function: String, _ words: [String] = []) {
        run.append(([function] + words.map { ShellText.quoted($0) }).joined(separator: " "))
    }

    /// Adds a file to what may be shipped.
    mutating func bundle(_ content: [UInt8], path: String, isSecret: Bool = false, isExposed: Bool = false)
        -> BundleFile
    {
        var file = BundleFile(path: path, content: content, sha256: sources.sha256(content), isSecret: isSecret)
        file.isExposed = isExposed
        files.append(file)
        return file
    }

    /// Reports a problem at an argument, or at the state where the argument is missing.
    mutating func refuse(_ summary: String, detail: String? = nil, hint: String? = nil, at key: String? = nil) {
        let mark = key.flatMap { chunk.arguments[$0]?.mark ?? chunk.arguments.key($0)?.mark } ?? chunk.mark
        problems.append(.error(summary, detail: detail, hint: hint, mark: mark))
    }

    // MARK: arguments

    /// The argument, unless it is left out or null.
    func argument(_ key: String) -> Value? {
        guard let value = chunk.arguments[key], !value.isNull else { return nil }
        return value
    }

    /// A scalar argument as text, exactly as it was written if it was read from YAML.
    mutating func text(_ key: String) -> String? {
        guard let value = argument(key) else { return nil }
        guard let text = scalar(value, key) else { return nil }
        return text
    }

    mutating func text(_ key: String, default fallback: String) -> String { text(key) ?? fallback }

    mutating func truth(_ key: String, default fallback: Bool) -> Bool { truth(key) ?? fallback }

    mutating func truth(_ key: String) -> Bool? {
        guard let value = argument(key) else { return nil }
        if let truth = value.bool { return truth }
        switch value.string?.lowercased() {
        case "true", "yes", "on": return true
        case "false", "no", "off": return false
        default:
            wrong(key, value, expected: "true or false")
            return nil
        }
    }

    mutating func number(_ key: String) -> Int? {
        guard let value = argument(key) else { return nil }
        if let number = value.int ?? value.string.flatMap({ Int($0) }), number >= 0 { return number }
        wrong(key, value, expected: "a whole number that is not negative")
        return nil
    }

    /// One text or a list of them.
    mutating func texts(_ key: String) -> [String]? {
        guard let value = argument(key) else { return nil }
        guard let items = value.list else { return scalar(value, key).map { [$0] } }
        return items.compactMap { scalar($0, key) }
    }

    /// An octal file mode without leading zeros, as `stat` prints it. Unquoted 0644 and 644 mean what they look like.
    mutating func mode(_ key: String) -> String? {
        guard let value = argument(key) else { return nil }
        let written = value.raw ?? value.scalarText ?? ""
        var digits = Substring(written.hasPrefix("0o") ? String(written.dropFirst(2)) : written)
        while digits.count > 1, digits.first == "0" { digits = digits.dropFirst() }
        guard !digits.isEmpty, digits.count <= 4, digits.allSatisfy({ ("0"..."7").contains($0) }) else {
            refuse(
                "\"\(key)\" of \(title) is not a file mode", detail: "found \"\(written)\"",
                hint: "write an octal mode such as '0644'", at: key)
            return nil
        }
        return String(digits)
    }

    /// The name as an absolute path without a trailing slash.
    mutating func absolutePath() -> String { absolutePath(chunk.name, key: "name") ?? "/" }

    mutating func absolutePath(_ text: String, key: String) -> String? {
        guard text.hasPrefix("/"), isClean(text) else {
            refuse(
                "\(title) needs an absolute path", detail: "found \"\(text)\" as \"\(key)\"",
                hint: text == chunk.id ? "give \"name: /path\"" : nil, at: key)
            return nil
        }
        var path = Substring(text)
        while path.count > 1, path.hasSuffix("/") { path = path.dropLast() }
        return String(path)
    }

    /// Whether the shell can hold the text.
    func isClean(_ text: String) -> Bool { !text.utf8.contains(0) }

    mutating func wrong(_ key: String, _ value: Value, expected: String) {
        let found = value.scalarText.map { "\"\($0)\"" } ?? value.kindName
        refuse("\"\(key)\" of \(title) has the wrong kind", detail: "found \(found), expected \(expected)", at: key)
    }

    private mutating func scalar(_ value: Value, _ key: String) -> String? {
        // A bare `yes` or 010 is meant as it was written wherever text is wanted.
        guard let text = value.string ?? value.raw ?? value.scalarText else {
            wrong(key, value, expected: "text")
            return nil
        }
        guard isClean(text) else {
            refuse("\"\(key)\" of \(title) holds a NUL character, which no shell can carry", at: key)
            return nil
        }
        return text
    }
}
