/// Builds the tree of a template from its tokens, by Jinja's grammar.
///
/// This file has the token stream and the limits; expressions and statements are in the extensions.
struct Parser {
    private let tokens: [Token]
    private var index = 0
    private var depth = 0
    /// Blocks met so far, nested ones included.
    var blocks: [String: BlockDefinition] = [:]
    /// `caller`, `varargs` and `kwargs` as far as the macro in progress uses them.
    var implicitNames: Set<String> = []
    /// How many loops enclose the statement in progress, for `break` and `continue`.
    var loopDepth = 0

    /// Nesting beyond this is refused: the tree is walked recursively.
    private static let maximumDepth = 100
    /// Operators, filters and look-ups in one chain; each is a level of the tree.
    static let maximumChain = 200

    init(_ tokens: [Token]) { self.tokens = tokens }

    mutating func template() throws(SyntaxError) -> [Statement] {
        try statements(until: [], of: nil).body
    }

    // MARK: - The stream

    var current: Token { tokens[index] }
    var following: Token { tokens[min(index + 1, tokens.count - 1)] }

    mutating func advance() { index = min(index + 1, tokens.count - 1) }

    func at(_ symbol: Token.Symbol) -> Bool { current.kind == .symbol(symbol) }
    func at(name: String) -> Bool { current.kind == .name(name) }
    func at(anyOf names: [String]) -> Bool {
        if case .name(let name) = current.kind { names.contains(name) } else { false }
    }

    mutating func skip(_ symbol: Token.Symbol) -> Bool {
        guard at(symbol) else { return false }
        advance()
        return true
    }

    mutating func skip(name: String) -> Bool {
        guard at(name: name) else { return false }
        advance()
        return true
    }

    mutating func expect(_ symbol: Token.Symbol) throws(SyntaxError) {
        guard skip(symbol) else { throw unexpected(expected: "\"\(symbol.rawValue)\"") }
    }

    mutating func expect(name: String) throws(SyntaxError) {
        guard skip(name: name) else { throw unexpected(expected: "\"\(name)\"") }
    }

    /// Any name; keywords are names too.
    mutating func expectName(_ what: String = "a name") throws(SyntaxError) -> String {
        guard case .name(let name) = current.kind else { throw unexpected(expected: what) }
        advance()
        return name
    }

    mutating func expectBlockEnd() throws(SyntaxError) {
        guard current.kind == .blockEnd else { throw unexpected(expected: "\"%}\"") }
        advance()
    }

    func unexpected(expected: String? = nil) -> SyntaxError {
        let wanted = expected.map { ", expected \($0)" } ?? ""
        return SyntaxError("unexpected \(current.description)\(wanted)", at: current.place)
    }

    /// Runs one level deeper.
    mutating func nested<Result>(
        _ body: (inout Parser) throws(SyntaxError) -> Result
    ) throws(SyntaxError) -> Result {
        guard depth < Self.maximumDepth else {
            throw SyntaxError(
                "nested too deeply", detail: "the limit is \(Self.maximumDepth) levels", at: current.place)
        }
        depth += 1
        defer { depth -= 1 }
        return try body(&self)
    }

    /// Counts one more link of a chain of operators.
    func count(_ links: inout Int) throws(SyntaxError) {
        links += 1
        if links > Self.maximumChain {
            throw SyntaxError(
                "expression is too long", detail: "the limit is \(Self.maximumChain) operators in one chain",
                at: current.place)
        }
    }
}
