/// Cuts the inside of a tag into names, numbers, strings and symbols.
struct WordLexer {
    var position: Int
    /// Closing brackets that are still to come, with the place of the opening one.
    private var expected: [(close: Token.Symbol, place: Place)] = []

    init(position: Int) { self.position = position }

    /// A tag does not end inside brackets.
    var isInBrackets: Bool { !expected.isEmpty }

    /// The next word; `position` stands on a character that is no white space.
    mutating func next(_ input: inout TemplateBytes) throws(SyntaxError) -> Token {
        let start = position
        let place = input.place(start)
        let byte = input[start]
        if byte.isDigit { return Token(kind: try number(input, place), place: place) }
        if byte.isNameStart {
            while input[position].isNamePart { position += 1 }
            return Token(kind: .name(input.text(start..<position)), place: place)
        }
        if byte == UInt8(ascii: "'") || byte == UInt8(ascii: "\"") {
            return Token(kind: .string(try string(input, quote: byte, place)), place: place)
        }
        let symbol = try symbol(input, place)
        try balance(symbol, place)
        return Token(kind: .symbol(symbol), place: place)
    }

    private mutating func symbol(_ input: TemplateBytes, _ place: Place) throws(SyntaxError) -> Token.Symbol {
        let end = min(position + 2, input.count)
        if end == position + 2, let symbol = Token.Symbol(rawValue: input.text(position..<end)) {
            position = end
            return symbol
        }
        if let symbol = Token.Symbol(rawValue: input.text(position..<position + 1)) {
            position += 1
            return symbol
        }
        throw SyntaxError("unexpected character \"\(input.text(position..<position + 1))\"", at: place)
    }

    private mutating func balance(_ symbol: Token.Symbol, _ place: Place) throws(SyntaxError) {
        switch symbol {
        case .openBrace: expected.append((.closeBrace, place))
        case .openParen: expected.append((.closeParen, place))
        case .openBracket: expected.append((.closeBracket, place))
        case .closeBrace, .closeParen, .closeBracket:
            guard let open = expected.popLast() else {
                throw SyntaxError(
                    "unexpected \"\(symbol.rawValue)\"", detail: "nothing was opened that it closes", at: place)
            }
            guard open.close == symbol else {
                throw SyntaxError(
                    "unexpected \"\(symbol.rawValue)\", expected \"\(open.close.rawValue)\"",
                    detail: "the bracket at line \(open.place.line), column \(open.place.column) is still open",
                    at: place)
            }
        default: break
        }
    }

    // MARK: - Numbers

    private mutating func number(_ input: TemplateBytes, _ place: Place) throws(SyntaxError) -> Token.Kind {
        if let fraction = endOfFloat(input) {
            let text = input.text(position..<fraction).filter { $0 != "_" }
            position = fraction
            return .double(Double(text) ?? .infinity)
        }
        let (end, radix, digits) = endOfInteger(input)
        let text = input.text(digits..<end).filter { $0 != "_" }
        guard let value = Int(text, radix: radix) else {
            throw SyntaxError("number \"\(text)\" is too large", detail: "whole numbers have 64 bits", at: place)
        }
        position = end
        return .int(value)
    }

    private func endOfDigits(_ input: TemplateBytes, from offset: Int) -> Int? {
        guard input[offset].isDigit else { return nil }
        var index = offset
        while input[index].isDigit || (input[index] == UInt8(ascii: "_") && input[index + 1].isDigit) { index += 1 }
        return index
    }

    /// The end of a number with a fraction or an exponent, or nil if it has neither.
    private func endOfFloat(_ input: TemplateBytes) -> Int? {
        // `a.1.5` is two look-ups, not a fraction.
        if position > 0, input[position - 1] == UInt8(ascii: ".") { return nil }
        guard let whole = endOfDigits(input, from: position) else { return nil }
        var end = whole
        if input[whole] == UInt8(ascii: "."), let fraction = endOfDigits(input, from: whole + 1) { end = fraction }
        if input[end] | 0x20 == UInt8(ascii: "e") {
            var digits = end + 1
            if input[digits] == UInt8(ascii: "+") || input[digits] == UInt8(ascii: "-") { digits += 1 }
            if let exponent = endOfDigits(input, from: digits) { end = exponent }
        }
        return end > whole ? end : nil
    }

    private func endOfInteger(_ input: TemplateBytes) -> (end: Int, radix: Int, digits: Int) {
        let radixes: [UInt8: Int] = [UInt8(ascii: "x"): 16, UInt8(ascii: "o"): 8, UInt8(ascii: "b"): 2]
        if input[position] == UInt8(ascii: "0"), let radix = radixes[input[position + 1] | 0x20] {
            var end = position + 2
            while Self.isDigit(input[end], radix: radix)
                || (input[end] == UInt8(ascii: "_") && Self.isDigit(input[end + 1], radix: radix))
            {
                end += 1
            }
            if end > position + 2 { return (end, radix, position + 2) }
        }
        if input[position] == UInt8(ascii: "0") {
            // Only zeros may follow a zero: `0644` is refused, as it is in Jinja.
            var end = position
            while input[end] == UInt8(ascii: "0") { end += 1 }
            return (end, 10, position)
        }
        return (endOfDigits(input, from: position) ?? position + 1, 10, position)
    }

    private static func isDigit(_ byte: UInt8, radix: Int) -> Bool {
        guard byte < 0x80 else { return false }
        return Character(UnicodeScalar(byte)).hexDigitValue.map { $0 < radix } ?? false
    }

    // MARK: - Strings

    private mutating func string(_ input: TemplateBytes, quote: UInt8, _ place: Place) throws(SyntaxError) -> String {
        var end = position + 1
        while end < input.count, input[end] != quote {
            end += input[end] == UInt8(ascii: "\\") ? 2 : 1
        }
        guard end < input.count else {
            throw SyntaxError("missing end of this string", at: place)
        }
        let text = input.text(position + 1..<end)
        position = end + 1
        guard text.utf8.contains(UInt8(ascii: "\\")) else { return text }
        guard let unescaped = StringEscapes.resolve(text) else {
            throw SyntaxError(
                "malformed escape in this string", hint: "write \"\\\\\" for a backslash", at: place)
        }
        return unescaped
    }
}
