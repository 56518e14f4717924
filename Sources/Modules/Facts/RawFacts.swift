/// What the fact script printed, taken apart but not interpreted. Anything may be missing: hosts differ.
struct RawFacts {
    private var files: [String: [String]] = [:]
    private var facts: [String: [String]] = [:]
    private(set) var addresses: [String] = []
    private(set) var routes: [String] = []
    /// Packages that are installed, with their versions.
    private(set) var packages: [String: String] = [:]
    /// Whether the script came to its end.
    private(set) var isWhole = false

    init(_ output: [UInt8]) {
        var file = ""
        for line in String(decoding: output, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("@"), take(line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init))
            {
                continue
            }
            if line.hasPrefix("==> "), line.hasSuffix(" <==") {
                file = String(line.dropFirst(4).dropLast(4))
                files[file] = []
            } else if !line.isEmpty {
                files[file]?.append(String(line))
            }
        }
    }

    private mutating func take(_ fields: [String]) -> Bool {
        switch (fields[0], fields.count) {
        case ("@fact", 3): facts[fields[1], default: []].append(fields[2])
        case ("@address", 2): addresses.append(fields[1])
        case ("@route", 2): routes.append(fields[1])
        case ("@package", 4): if fields[3] == "installed" { packages[fields[1]] = fields[2] }
        case ("@facts", 1): isWhole = true
        default: return false
        }
        return true
    }

    func fact(_ name: String) -> String? { facts[name]?.first.flatMap { $0.isEmpty ? nil : $0 } }
    func all(_ name: String) -> [String] { facts[name] ?? [] }

    /// A file's first line, trimmed; nil for none and for an empty one.
    func line(_ path: String) -> String? {
        guard let line = files[path]?.first else { return nil }
        let words = line.split(whereSeparator: { $0 == " " || $0 == "\t" })
        return words.isEmpty ? nil : words.joined(separator: " ")
    }

    func lines(_ path: String) -> [String] { files[path] ?? [] }

    /// Paths of the files that were there, for those with names of their own.
    func paths(in folder: String) -> [String] { files.keys.filter { $0.hasPrefix(folder) }.sorted() }

    /// `key: value` lines; the first of a key counts.
    func pairs(_ path: String) -> [String: String] {
        var found: [String: String] = [:]
        for line in lines(path) {
            guard let colon = line.firstIndex(of: ":") else { continue }
            let key = Self.trimmed(line[..<colon])
            if found[key] == nil { found[key] = Self.trimmed(line[line.index(after: colon)...]) }
        }
        return found
    }

    /// `KEY=value` lines as os-release has them, quotes taken off, of the first of the files that is there.
    func assignments(_ paths: [String]) -> [String: String] {
        guard let path = paths.first(where: { files[$0] != nil }) else { return [:] }
        var found: [String: String] = [:]
        for line in lines(path) where !line.hasPrefix("#") {
            guard let sign = line.firstIndex(of: "=") else { continue }
            var value = line[line.index(after: sign)...]
            if value.count >= 2, let quote = value.first, quote == value.last, quote == "\"" || quote == "'" {
                value = value.dropFirst().dropLast()
            }
            found[Self.trimmed(line[..<sign])] = String(value.replacing("\\\"", with: "\"").replacing("\\$", with: "$"))
        }
        return found
    }

    private static func trimmed(_ text: Substring) -> String {
        let blank: (Character) -> Bool = { $0 == " " || $0 == "\t" }
        var rest = text.drop(while: blank)
        while let last = rest.last, blank(last) { rest = rest.dropLast() }
        return String(rest)
    }
}
