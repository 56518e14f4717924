/// A regular expression as Python's `re` reads it.
struct Pattern {
    private let regex: Regex<AnyRegexOutput>

    init(_ pattern: String, ignoresCase: Bool = false, isMultiline: Bool = false) throws {
        do {
            regex = try Regex(Self.translated(pattern)).matchingSemantics(.unicodeScalar).ignoresCase(ignoresCase)
                .anchorsMatchLineEndings(isMultiline)
        } catch {
            throw Fault("invalid regular expression \"\(pattern)\"", detail: "\(error)")
        }
    }

    /// `\Z` is the very end in Python, the end before a last line end elsewhere.
    private static func translated(_ pattern: String) -> String { pattern.replacingText("\\Z", with: "\\z") }

    /// A match anywhere, or at the beginning only; its groups, nil for those that took no part.
    func groups(in text: String, atStart: Bool) -> [String?]? {
        let match = atStart ? try? regex.prefixMatch(in: text) : try? regex.firstMatch(in: text)
        return match.map { $0.output.dropFirst().map { $0.substring.map(String.init) } }
    }

    /// Every match replaced; `\1`, `\g<1>` and `\g<name>` stand for groups.
    func replacing(in text: String, with template: String) throws -> String {
        var result = ""
        var start = text.startIndex
        for match in text.matches(of: regex) {
            result += text[start..<match.range.lowerBound]
            result += try expanded(template, match.output)
            start = match.range.upperBound
            try Limits.checkText(result.utf8.count)
        }
        return result + text[start...]
    }

    private func expanded(_ template: String, _ groups: AnyRegexOutput) throws -> String {
        var result = ""
        var rest = template[...]
        while let sign = rest.firstIndex(of: "\\") {
            result += rest[..<sign]
            rest = rest[sign...].dropFirst()
            guard let letter = rest.first else { return result + "\\" }
            if letter == "g", rest.dropFirst().first == "<", let close = rest.firstIndex(of: ">") {
                result += try group(String(rest[..<close].dropFirst(2)), groups)
                rest = rest[close...].dropFirst()
            } else if letter.isNumber {
                let digits = rest.prefix(2).prefix { $0.isNumber }
                result += try group(String(digits), groups)
                rest = rest.dropFirst(digits.count)
            } else {
                result += letter == "n" ? "\n" : letter == "t" ? "\t" : letter == "\\" ? "\\" : "\\\(letter)"
                rest = rest.dropFirst()
            }
        }
        return result + rest
    }

    private func group(_ name: String, _ groups: AnyRegexOutput) throws -> String {
        if let index = Int(name) {
            guard groups.indices.contains(index) else { throw Fault("the regular expression has no group \(index)") }
            return groups[index].substring.map(String.init) ?? ""
        }
        guard let element = groups.first(where: { $0.name == name }) else {
            throw Fault("the regular expression has no group \"\(name)\"")
        }
        return element.substring.map(String.init) ?? ""
    }
}
