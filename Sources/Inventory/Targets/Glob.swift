/// A shell pattern: `*`, `?`, `[abc]`, `[a-z]`, `[!x]`. Matches whole texts, in time linear in the text for each star.
struct Glob: Sendable, Hashable {
    private enum Part: Sendable, Hashable {
        case exactly(Character)
        case any
        case many
        case oneOf([ClosedRange<Character>], isNegated: Bool)
    }

    private let parts: [Part]

    /// Whether the text has a sign that makes it a pattern.
    static func isPattern(_ text: String) -> Bool { text.contains { "*?[".contains($0) } }

    init(_ pattern: String) {
        var parts: [Part] = []
        var rest = pattern[...]
        while let character = rest.popFirst() {
            switch character {
            case "*": if parts.last != .many { parts.append(.many) }
            case "?": parts.append(.any)
            case "[":
                if let (part, after) = Self.characterClass(rest) {
                    parts.append(part)
                    rest = after
                } else {
                    parts.append(.exactly(character))
                }
            default: parts.append(.exactly(character))
            }
        }
        self.parts = parts
    }

    /// What follows a `[`, if a `]` closes it.
    private static func characterClass(_ text: Substring) -> (Part, Substring)? {
        var rest = text
        let isNegated = rest.first == "!" || rest.first == "^"
        if isNegated { rest = rest.dropFirst() }
        var ranges: [ClosedRange<Character>] = []
        while let character = rest.popFirst() {
            if character == "]", !ranges.isEmpty { return (.oneOf(ranges, isNegated: isNegated), rest) }
            if rest.first == "-", let end = rest.dropFirst().first, end != "]" {
                ranges.append(min(character, end)...max(character, end))
                rest = rest.dropFirst(2)
            } else {
                ranges.append(character...character)
            }
        }
        return nil
    }

    func matches(_ text: String) -> Bool {
        let text = Array(text)
        var here = 0
        var part = 0
        var retry: (part: Int, text: Int)?
        while here < text.count {
            if part < parts.count, parts[part] == .many {
                retry = (part, here)
                part += 1
            } else if part < parts.count, Self.fits(parts[part], text[here]) {
                part += 1
                here += 1
            } else if let star = retry {
                // The last star takes one character more.
                retry = (star.part, star.text + 1)
                part = star.part + 1
                here = star.text + 1
            } else {
                return false
            }
        }
        return parts[part...].allSatisfy { $0 == .many }
    }

    private static func fits(_ part: Part, _ character: Character) -> Bool {
        switch part {
        case .exactly(let wanted): wanted == character
        case .any, .many: true
        case .oneOf(let ranges, let isNegated): ranges.contains { $0.contains(character) } != isNegated
        }
    }
}
