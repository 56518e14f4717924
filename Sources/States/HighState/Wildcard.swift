/// A shell-style pattern: `*`, `?`, `[abc]`, `[a-z]`, `[!a-z]`; case counts.
package struct Wildcard: Sendable {
    private enum Part {
        case one(Character)
        case any
        case run
        case set([ClosedRange<Character>], negated: Bool)
    }

    private let parts: [Part]

    package init(_ pattern: String) {
        var parts: [Part] = []
        var rest = Substring(pattern)
        while let character = rest.popFirst() {
            switch character {
            case "*": parts.append(.run)
            case "?": parts.append(.any)
            case "[": parts.append(Self.set(&rest) ?? .one("["))
            default: parts.append(.one(character))
            }
        }
        self.parts = parts
    }

    /// Whether a text has a character that makes it a pattern.
    package static func isPattern(_ text: String) -> Bool {
        text.contains { "*?[]".contains($0) }
    }

    /// Whether the pattern covers the whole of a text.
    package func matches(_ text: String) -> Bool {
        let text = Array(text)
        var at = 0
        var part = 0
        // Where to go on when the run seen last has to swallow one more character.
        var retry: (at: Int, part: Int)?
        while at < text.count {
            if part < parts.count, case .run = parts[part] {
                retry = (at, part)
                part += 1
            } else if part < parts.count, Self.covers(parts[part], text[at]) {
                at += 1
                part += 1
            } else if let last = retry {
                retry = (last.at + 1, last.part)
                at = last.at + 1
                part = last.part + 1
            } else {
                return false
            }
        }
        return parts[part...].allSatisfy { if case .run = $0 { true } else { false } }
    }

    private static func covers(_ part: Part, _ character: Character) -> Bool {
        switch part {
        case .one(let wanted): wanted == character
        case .any: true
        case .run: false
        case .set(let ranges, let negated): ranges.contains { $0.contains(character) } != negated
        }
    }

    /// The set that starts behind a `[`; nil, with nothing consumed, when it is never closed.
    private static func set(_ rest: inout Substring) -> Part? {
        var here = rest
        var members: [Character] = []
        let negated = here.first == "!"
        if negated { here.removeFirst() }
        while let character = here.popFirst() {
            if character == "]", !members.isEmpty {
                rest = here
                return .set(ranges(members), negated: negated)
            }
            members.append(character)
        }
        return nil
    }

    private static func ranges(_ members: [Character]) -> [ClosedRange<Character>] {
        var result: [ClosedRange<Character>] = []
        var index = 0
        while index < members.count {
            if index + 2 < members.count, members[index + 1] == "-" {
                if members[index] <= members[index + 2] { result.append(members[index]...members[index + 2]) }
                index += 3
            } else {
                result.append(members[index]...members[index])
                index += 1
            }
        }
        return result
    }
}
