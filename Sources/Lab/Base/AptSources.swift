/// Where the machine gets Debian itself from: its own mirrors, without what other vendors added.
struct AptSources: Sendable, Hashable {
    /// The release's name, as `VERSION_CODENAME` has it.
    let codename: String
    /// deb822 stanzas, one a source.
    let stanzas: [String]

    /// The same with the release's backports beside it, from where the release itself comes.
    var withBackports: AptSources {
        let more = stanzas.filter {
            Self.fields(of: $0, separator: ":")["suites"]?.split(separator: " ").contains("\(codename)") ?? false
        }.map { stanza in
            stanza.split(separator: "\n").map { line in
                line.lowercased().hasPrefix("suites:") ? "Suites: \(codename)-backports" : String(line)
            }.joined(separator: "\n") + "\n"
        }
        return AptSources(codename: codename, stanzas: stanzas + more)
    }

    /// All of it as one file in deb822 form.
    var text: String { stanzas.joined(separator: "\n") }

    /// Writes it where apt takes it for what it is, and returns the path.
    func write(in folder: String) throws(LabError) -> String {
        let path = folder + "/lab.sources"
        try Disk.write(path, text)
        return path
    }

    /// Reads /etc/apt and /etc/os-release.
    static func machine() -> AptSources {
        let release = fields(of: Disk.read("/etc/os-release") ?? "", separator: "=")
        let folder = "/etc/apt/sources.list.d/"
        let names = Disk.list(folder).map { folder + $0 }
        let lists = (["/etc/apt/sources.list"] + names.filter { $0.hasSuffix(".list") }).compactMap(Disk.read)
        let modern = names.filter { $0.hasSuffix(".sources") }.compactMap(Disk.read)
        guard release["id"] == "debian", let codename = release["version_codename"] else {
            return AptSources(codename: "", stanzas: [])
        }
        return AptSources(codename: codename, lists: lists, modern: modern)
    }

    init(codename: String, stanzas: [String]) {
        self.codename = codename
        self.stanzas = stanzas
    }

    /// - Parameters:
    ///   - lists: texts of one-line form (`deb URI SUITE COMPONENT...`).
    ///   - modern: texts of deb822 form.
    init(codename: String, lists: [String], modern: [String]) {
        self.codename = codename
        var found = modern.flatMap { Self.paragraphs(of: $0) }.filter { Self.isDebian($0, codename: codename) }
        found += lists.flatMap { $0.split(separator: "\n") }.compactMap { Self.stanza(line: $0) }
            .filter { Self.isDebian($0, codename: codename) }
        stanzas = found
    }

    /// A one-line source as a stanza; nil for comments, source packages and what is not understood.
    static func stanza(line: Substring) -> String? {
        var words = line.prefix { $0 != "#" }.split { $0 == " " || $0 == "\t" }
        guard words.first == "deb" else { return nil }
        words.removeFirst()
        var options = ""
        if words.first?.hasPrefix("[") == true {
            guard let end = words.firstIndex(where: { $0.hasSuffix("]") }) else { return nil }
            for option in words[...end] {
                let pair = option.filter { $0 != "[" && $0 != "]" }.split(separator: "=", maxSplits: 1)
                if pair.count == 2, pair[0] == "signed-by" { options += "Signed-By: \(pair[1])\n" }
                if pair.count == 2, pair[0] == "trusted" { options += "Trusted: \(pair[1])\n" }
            }
            words.removeSubrange(...end)
        }
        guard words.count > 2 else { return nil }
        return "Types: deb\nURIs: \(words[0])\nSuites: \(words[1])\n"
            + "Components: \(words[2...].joined(separator: " "))\n\(options)"
    }

    /// True for a stanza that serves binaries of Debian's own `main` for the release.
    static func isDebian(_ stanza: String, codename: String) -> Bool {
        let entries = fields(of: stanza, separator: ":")
        let words = { (key: String) in (entries[key] ?? "").split { $0 == " " || $0 == "\n" }.map(String.init) }
        let suites = [codename, codename + "-updates", codename + "-security", codename + "/updates"]
        return words("types").contains("deb") && words("components").contains("main") && entries["enabled"] != "no"
            && !words("suites").isEmpty && words("suites").allSatisfy(suites.contains)
    }

    private static func paragraphs(of text: String) -> [String] {
        text.split(separator: "\n", omittingEmptySubsequences: false)
            .filter { !$0.hasPrefix("#") }
            .split { $0.allSatisfy(\.isWhitespace) }
            .map { $0.joined(separator: "\n") + "\n" }
    }

    /// `Key: value` or `KEY=value` lines by lower-case key; quotes taken off.
    private static func fields(of text: String, separator: Character) -> [String: String] {
        var result: [String: String] = [:]
        var last = ""
        for line in text.split(separator: "\n") {
            if line.first?.isWhitespace == true {
                result[last, default: ""] += "\n" + line
            } else if let cut = line.firstIndex(of: separator) {
                last = line[..<cut].lowercased()
                result[last] = String(line[line.index(after: cut)...].drop { $0 == " " }.filter { $0 != "\"" })
            }
        }
        return result
    }
}
