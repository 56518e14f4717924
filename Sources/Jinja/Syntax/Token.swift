/// What the lexer found, and where.
struct Token: Sendable {
    enum Kind: Sendable, Equatable {
        /// Template text between tags.
        case text(String)
        case outputBegin, outputEnd
        case blockBegin, blockEnd
        case name(String)
        case string(String)
        case int(Int)
        case double(Double)
        case symbol(Symbol)
        /// The end of the template.
        case end
    }

    /// The operators and brackets of Jinja expressions.
    enum Symbol: String, Sendable, CaseIterable {
        case add = "+", sub = "-", mul = "*", div = "/", floorDiv = "//", mod = "%", pow = "**", tilde = "~"
        case openBracket = "[", closeBracket = "]", openParen = "(", closeParen = ")", openBrace = "{", closeBrace = "}"
        case equal = "==", notEqual = "!=", greater = ">", greaterEqual = ">=", less = "<", lessEqual = "<="
        case assign = "=", dot = ".", colon = ":", pipe = "|", comma = ",", semicolon = ";"
    }

    let kind: Kind
    let place: Place

    /// The token in words, for messages.
    var description: String {
        switch kind {
        case .text: "template text"
        case .outputBegin: "\"{{\""
        case .outputEnd: "\"}}\""
        case .blockBegin: "\"{%\""
        case .blockEnd: "\"%}\""
        case .name(let name): "\"\(name)\""
        case .string: "a string"
        case .int(let number): "the number \(number)"
        case .double(let number): "the number \(number)"
        case .symbol(let symbol): "\"\(symbol.rawValue)\""
        case .end: "the end of the template"
        }
    }
}
