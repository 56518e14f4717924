internal import Values

/// Builds terms from tokens. `not` binds tightest, then `and`, then `or` and the comma.
struct TargetParser {
    private let tokens: [(token: TargetLexer.Token, offset: Int)]
    private let end: Int
    private var index = 0
    private var depth = 0

    private static let deepest = 100
    private static let kinds = ["role", "fact", "var", "vm"]

    /// A problem and how to mend it, at an offset.
    struct Problem: Error {
        let message: String
        var hint: String?
        let offset: Int
    }

    static func parse(_ text: String) throws(Problem) -> TargetTerm {
        var lexer = TargetLexer(text)
        let tokens: [(token: TargetLexer.Token, offset: Int)]
        do throws(TargetLexer.Problem) {
            tokens = try lexer.tokens()
        } catch {
            throw Problem(message: error.message, offset: error.offset)
        }
        guard !tokens.isEmpty else {
            throw Problem(message: "empty target", hint: "\"all\" means all hosts", offset: 0)
        }
        var parser = TargetParser(tokens: tokens, end: text.count)
        let term = try parser.alternatives()
        if let (token, offset) = parser.next {
            if token == .close { throw Problem(message: "\")\" without \"(\"", offset: offset) }
            throw Problem(
                message: "unexpected \"\(token.text)\"", hint: "join targets by \"and\", \"or\" or a comma",
                offset: offset)
        }
        return term
    }

    private init(tokens: [(token: TargetLexer.Token, offset: Int)], end: Int) {
        self.tokens = tokens
        self.end = end
    }

    private var next: (token: TargetLexer.Token, offset: Int)? { index < tokens.count ? tokens[index] : nil }

    private mutating func take(_ token: TargetLexer.Token) -> Bool {
        guard next?.token == token else { return false }
        index += 1
        return true
    }

    private mutating func alternatives() throws(Problem) -> TargetTerm {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.deepest else {
            throw Problem(message: "target nested too deep", offset: next?.offset ?? end)
        }
        var term = try conjunction()
        while take(.comma) || take(.word("or")) { term = .or(term, try conjunction()) }
        return term
    }

    private mutating func conjunction() throws(Problem) -> TargetTerm {
        var term = try negation()
        while take(.word("and")) { term = .and(term, try negation()) }
        return term
    }

    private mutating func negation() throws(Problem) -> TargetTerm {
        var isNegated = false
        while take(.word("not")) { isNegated.toggle() }
        let term = try atom()
        return isNegated ? .not(term) : term
    }

    private mutating func atom() throws(Problem) -> TargetTerm {
        guard let (token, offset) = next else { throw Problem(message: "a target is missing at the end", offset: end) }
        index += 1
        switch token {
        case .regex(let pattern):
            do {
                _ = try Regex(pattern)
            } catch {
                throw Problem(message: "bad regular expression \"\(pattern)\"", hint: "\(error)", offset: offset)
            }
            return .regex(pattern)
        case .open:
            let term = try alternatives()
            guard take(.close) else { throw Problem(message: "\"(\" is not closed", offset: offset) }
            return term
        case .close, .comma: throw Problem(message: "a target is missing before \"\(token.text)\"", offset: offset)
        case .word("and"), .word("or"):
            throw Problem(message: "a target is missing before \"\(token.text)\"", offset: offset)
        case .word(let word): return try term(word, offset)
        }
    }

    private func term(_ word: String, _ offset: Int) throws(Problem) -> TargetTerm {
        if word.hasPrefix("@") {
            guard let run = TargetTerm.LastRun(rawValue: String(word.dropFirst())) else {
                let known = TargetTerm.LastRun.allCases.map { "@" + $0.rawValue }
                throw Problem(
                    message: "unknown target \"\(word)\"",
                    hint: NearestName.hint(for: word, among: known) ?? "known are \(known.joined(separator: ", "))",
                    offset: offset)
            }
            return .lastRun(run, offset: offset)
        }
        guard let colon = word.firstIndex(of: ":") else { return .name(word, offset: offset) }
        let kind = String(word[..<colon])
        let rest = String(word[word.index(after: colon)...])
        switch kind {
        case "role" where !rest.isEmpty: return .role(rest)
        case "vm" where !rest.isEmpty: return .machine(rest)
        case "fact", "var":
            let (path, pattern) = try comparison(kind, rest, offset)
            return kind == "fact" ? .fact(path: path, pattern: pattern) : .variable(path: path, pattern: pattern)
        case "role", "vm": throw Problem(message: "a name is missing after \"\(kind):\"", offset: offset)
        default:
            throw Problem(
                message: "unknown kind of target \"\(kind):\"",
                hint: NearestName.hint(for: kind, among: Self.kinds)
                    ?? "known are \(Self.kinds.map { $0 + ":" }.joined(separator: ", "))", offset: offset)
        }
    }

    private func comparison(_ kind: String, _ text: String, _ offset: Int) throws(Problem) -> (String, String) {
        guard let equals = text.firstIndex(of: "="), equals > text.startIndex else {
            let example = kind == "fact" ? "fact:os_family=Debian" : "var:rack.row=3"
            throw Problem(
                message: "\"\(kind):\(text)\" compares nothing", hint: "write it as \(example)", offset: offset)
        }
        return (String(text[..<equals]), String(text[text.index(after: equals)...]))
    }
}
