internal import Values

/// Cuts a template into tokens as Jinja does: text, tags, and the words of expressions in tags.
///
/// White-space control (`-`, `+`, trim and lstrip of blocks) is carried out here, so text tokens are final.
struct Lexer {
    private var input: TemplateBytes
    private let whitespace: Whitespace
    private var position = 0
    private var tokens: [Token] = []
    /// The last tag ended a line, so the text that follows begins one.
    private var lineStarting = true

    private init(_ source: SourceText, whitespace: Whitespace) {
        input = TemplateBytes(source)
        self.whitespace = whitespace
    }

    /// The tokens of a template, with `.end` last.
    static func tokens(of source: SourceText, whitespace: Whitespace) throws(SyntaxError) -> [Token] {
        var lexer = Lexer(source, whitespace: whitespace)
        while try lexer.readTextAndTag() {}
        lexer.tokens.append(Token(kind: .end, place: lexer.input.place(lexer.position)))
        return lexer.tokens
    }

    private enum Tag { case output, block, comment, raw(afterTag: Int) }

    /// Reads text up to the next tag, and the tag. False at the end of the template.
    private mutating func readTextAndTag() throws(SyntaxError) -> Bool {
        guard position < input.count else { return false }
        guard let start = nextTag(from: position) else {
            appendText(position..<input.count)
            position = input.count
            return false
        }
        let sign = input[start + 2]
        let tag = self.tag(at: start)
        appendText(position..<endOfText(position..<start, sign: sign, tag: tag))
        position = start + 2
        if sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") { position += 1 }
        switch tag {
        case .comment: try skipComment(from: start)
        case .raw(let afterTag):
            position = afterTag
            try readRaw(from: start)
        case .block: try readTag(from: start, isBlock: true)
        case .output: try readTag(from: start, isBlock: false)
        }
        lineStarting = position > 0 && input[position - 1] == UInt8(ascii: "\n")
        return true
    }

    private func nextTag(from offset: Int) -> Int? {
        var index = offset
        while index + 1 < input.count {
            if input[index] == UInt8(ascii: "{") {
                let next = input[index + 1]
                if next == UInt8(ascii: "{") || next == UInt8(ascii: "%") || next == UInt8(ascii: "#") { return index }
            }
            index += 1
        }
        return nil
    }

    private func tag(at start: Int) -> Tag {
        switch input[start + 1] {
        case UInt8(ascii: "{"): return .output
        case UInt8(ascii: "#"): return .comment
        default:
            guard let afterName = offset(behind: "raw", ofTagAt: start) else { return .block }
            if input.has("-%}", at: afterName) { return .raw(afterTag: input.skippingSpace(from: afterName + 3)) }
            return input.has("%}", at: afterName) ? .raw(afterTag: afterName + 2) : .block
        }
    }

    /// For `{% word`: where the tag's end must follow.
    private func offset(behind word: StaticString, ofTagAt start: Int) -> Int? {
        var index = start + 2
        if input[index] == UInt8(ascii: "-") || input[index] == UInt8(ascii: "+") { index += 1 }
        index = input.skippingSpace(from: index)
        guard input.has(word, at: index) else { return nil }
        return input.skippingSpace(from: index + word.utf8CodeUnitCount)
    }

    /// Where the text before a tag ends once white space is stripped as the tag's sign asks.
    private func endOfText(_ range: Range<Int>, sign: UInt8, tag: Tag) -> Int {
        if sign == UInt8(ascii: "-") {
            var end = range.upperBound
            while end > range.lowerBound, input[end - 1].isTemplateSpace { end -= 1 }
            return end
        }
        guard whitespace.lstripBlocks, sign != UInt8(ascii: "+") else { return range.upperBound }
        if case .output = tag { return range.upperBound }
        var start = range.upperBound
        while start > range.lowerBound, input[start - 1] != UInt8(ascii: "\n") { start -= 1 }
        guard start > range.lowerBound || lineStarting, input.skippingSpace(from: start) >= range.upperBound else {
            return range.upperBound
        }
        return start
    }

    private mutating func appendText(_ range: Range<Int>) {
        guard !range.isEmpty else { return }
        tokens.append(Token(kind: .text(input.text(range)), place: input.place(range.lowerBound)))
    }

    private mutating func skipComment(from start: Int) throws(SyntaxError) {
        while position < input.count {
            if let end = endOfTag("#}", at: position) {
                position = end
                return
            }
            position += 1
        }
        throw SyntaxError("missing end of comment tag \"#}\"", at: input.place(start))
    }

    private mutating func readRaw(from start: Int) throws(SyntaxError) {
        let textStart = position
        while position < input.count {
            if input.has("{%", at: position), let afterName = offset(behind: "endraw", ofTagAt: position),
                let end = endOfTag("%}", at: afterName)
            {
                let tagStart = position
                appendText(
                    textStart..<endOfText(textStart..<tagStart, sign: input[tagStart + 2], tag: .raw(afterTag: 0)))
                position = end
                return
            }
            position += 1
        }
        throw SyntaxError("missing \"{% endraw %}\" of this \"{% raw %}\"", at: input.place(start))
    }

    /// If a tag ends at `offset`: where the text behind it begins, white space stripped as asked.
    private func endOfTag(_ end: StaticString, at offset: Int) -> Int? {
        switch input[offset] {
        case UInt8(ascii: "+"): return input.has(end, at: offset + 1) ? offset + 3 : nil
        case UInt8(ascii: "-"):
            return input.has(end, at: offset + 1) ? input.skippingSpace(from: offset + 3) : nil
        default:
            guard input.has(end, at: offset) else { return nil }
            let trimmed = whitespace.trimBlocks && input[offset + 2] == UInt8(ascii: "\n")
            return trimmed ? offset + 3 : offset + 2
        }
    }

    /// Reads the words of a `{{ }}` or `{% %}` tag, its end included.
    private mutating func readTag(from start: Int, isBlock: Bool) throws(SyntaxError) {
        tokens.append(Token(kind: isBlock ? .blockBegin : .outputBegin, place: input.place(start)))
        var words = WordLexer(position: position)
        while true {
            words.position = input.skippingSpace(from: words.position)
            guard words.position < input.count else {
                throw SyntaxError(
                    "missing end of this tag", detail: "the template ends before \"\(isBlock ? "%}" : "}}")\"",
                    at: input.place(start))
            }
            if !words.isInBrackets, let end = endOfWords(isBlock: isBlock, at: words.position) {
                tokens.append(Token(kind: isBlock ? .blockEnd : .outputEnd, place: input.place(words.position)))
                position = end
                return
            }
            tokens.append(try words.next(&input))
        }
    }

    private func endOfWords(isBlock: Bool, at offset: Int) -> Int? {
        if isBlock { return endOfTag("%}", at: offset) }
        if input.has("-}}", at: offset) { return input.skippingSpace(from: offset + 3) }
        return input.has("}}", at: offset) ? offset + 2 : nil
    }
}

/// How white space around blocks is treated.
struct Whitespace: Sendable, Hashable {
    /// The line end behind a block tag is dropped.
    var trimBlocks = false
    /// The indentation before a block tag that begins its line is dropped.
    var lstripBlocks = false
}
