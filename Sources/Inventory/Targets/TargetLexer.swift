/// Cuts a target expression into words and signs.
struct TargetLexer {
    enum Token: Hashable {
        case word(String)
        case regex(String)
        case open, close, comma

        var text: String {
            switch self {
            case .word(let word): word
            case .regex(let pattern): "/\(pattern)/"
            case .open: "("
            case .close: ")"
            case .comma: ","
            }
        }
    }

    struct Problem: Error {
        let message: String
        let offset: Int
    }

    private let text: [Character]
    private var index = 0

    init(_ text: String) { self.text = Array(text) }

    /// All tokens, each with its offset in characters.
    mutating func tokens() throws(Problem) -> [(token: Token, offset: Int)] {
        var tokens: [(Token, Int)] = []
        while index < text.count {
            let start = index
            switch text[index] {
            case let blank where blank.isWhitespace: index += 1
            case "(": single(.open)
            case ")": single(.close)
            case ",": single(.comma)
            case "/": tokens.append((.regex(try regex()), start))
            default: tokens.append((.word(try word()), start))
            }
        }
        return tokens

        func single(_ token: Token) {
            tokens.append((token, index))
            index += 1
        }
    }

    /// Up to the next slash without a backslash before it.
    private mutating func regex() throws(Problem) -> String {
        let start = index
        var pattern = ""
        index += 1
        while index < text.count {
            let character = text[index]
            index += 1
            if character == "/" { return pattern }
            if character == "\\", index < text.count {
                if text[index] != "/" { pattern.append("\\") }
                pattern.append(text[index])
                index += 1
            } else {
                pattern.append(character)
            }
        }
        throw Problem(message: "the closing \"/\" of the regular expression is missing", offset: start)
    }

    /// Up to a blank, comma or parenthesis outside quotes and brackets; quotes around a part are dropped.
    private mutating func word() throws(Problem) -> String {
        var word = ""
        var inBrackets = false
        while index < text.count {
            let character = text[index]
            switch character {
            case "\"", "'":
                let start = index
                guard let end = text[(index + 1)...].firstIndex(of: character) else {
                    throw Problem(message: "the closing \(character) is missing", offset: start)
                }
                word += String(text[(index + 1)..<end])
                index = end
            case "(", ")": return word
            case _ where character.isWhitespace: return word
            case "," where !inBrackets: return word
            default:
                if character == "[" { inBrackets = text[index...].contains("]") }
                if character == "]" { inBrackets = false }
                word.append(character)
            }
            index += 1
        }
        return word
    }
}
