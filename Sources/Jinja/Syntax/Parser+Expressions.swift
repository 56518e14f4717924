/// Expressions, loosest binding first. The order is Jinja's own, which differs from Python's in places:
/// a unary minus binds tighter than `**`, and `~` tighter than `+`.
extension Parser {
    mutating func expression() throws(SyntaxError) -> Expression {
        try nested { parser throws(SyntaxError) in try parser.conditional() }
    }

    /// Without `a if b else c`, where an `if` may follow.
    mutating func plainExpression() throws(SyntaxError) -> Expression {
        try nested { parser throws(SyntaxError) in try parser.disjunction() }
    }

    private mutating func conditional() throws(SyntaxError) -> Expression {
        var result = try disjunction()
        var links = 0
        while at(name: "if") {
            try count(&links)
            let place = result.place
            advance()
            let test = try disjunction()
            let otherwise = skip(name: "else") ? try expression() : nil
            result = Expression(.conditional(test: test, then: result, otherwise: otherwise), at: place)
        }
        return result
    }

    private mutating func disjunction() throws(SyntaxError) -> Expression {
        var left = try conjunction()
        var links = 0
        while skip(name: "or") {
            try count(&links)
            left = Expression(.or(left, try conjunction()), at: left.place)
        }
        return left
    }

    private mutating func conjunction() throws(SyntaxError) -> Expression {
        var left = try negation()
        var links = 0
        while skip(name: "and") {
            try count(&links)
            left = Expression(.and(left, try negation()), at: left.place)
        }
        return left
    }

    private mutating func negation() throws(SyntaxError) -> Expression {
        let place = current.place
        guard skip(name: "not") else { return try comparison() }
        return try nested { parser throws(SyntaxError) in Expression(.not(try parser.negation()), at: place) }
    }

    private mutating func comparison() throws(SyntaxError) -> Expression {
        let first = try sum()
        var rest: [(operation: Comparison, operand: Expression)] = []
        while let operation = skipComparison() {
            rest.append((operation, try sum()))
        }
        return rest.isEmpty ? first : Expression(.comparison(first, rest), at: first.place)
    }

    private mutating func skipComparison() -> Comparison? {
        if case .symbol(let symbol) = current.kind, let operation = Comparison(rawValue: symbol.rawValue) {
            advance()
            return operation
        }
        if skip(name: "in") { return .isIn }
        if at(name: "not"), following.kind == .name("in") {
            advance()
            advance()
            return .notIn
        }
        return nil
    }

    private mutating func skipArithmetic(_ operations: [Arithmetic]) -> Arithmetic? {
        guard case .symbol(let symbol) = current.kind, let operation = Arithmetic(rawValue: symbol.rawValue),
            operations.contains(operation)
        else { return nil }
        advance()
        return operation
    }

    private mutating func sum() throws(SyntaxError) -> Expression {
        var left = try concatenation()
        var links = 0
        while let operation = skipArithmetic([.add, .sub]) {
            try count(&links)
            left = Expression(.arithmetic(left, operation, try concatenation()), at: left.place)
        }
        return left
    }

    private mutating func concatenation() throws(SyntaxError) -> Expression {
        let first = try product()
        var parts = [first]
        while skip(.tilde) { parts.append(try product()) }
        return parts.count == 1 ? first : Expression(.concatenation(parts), at: first.place)
    }

    private mutating func product() throws(SyntaxError) -> Expression {
        var left = try power()
        var links = 0
        while let operation = skipArithmetic([.mul, .div, .floorDiv, .mod]) {
            try count(&links)
            left = Expression(.arithmetic(left, operation, try power()), at: left.place)
        }
        return left
    }

    private mutating func power() throws(SyntaxError) -> Expression {
        var left = try unary(withFilters: true)
        var links = 0
        while skipArithmetic([.pow]) != nil {
            try count(&links)
            left = Expression(.arithmetic(left, .pow, try unary(withFilters: true)), at: left.place)
        }
        return left
    }

    mutating func unary(withFilters: Bool) throws(SyntaxError) -> Expression {
        let place = current.place
        var result: Expression
        if skip(.sub) {
            result = try nested { parser throws(SyntaxError) in
                Expression(.negative(try parser.unary(withFilters: false)), at: place)
            }
        } else if skip(.add) {
            result = try nested { parser throws(SyntaxError) in
                Expression(.positive(try parser.unary(withFilters: false)), at: place)
            }
        } else {
            result = try primary()
        }
        result = try postfix(result)
        return withFilters ? try filtersAndTests(result) : result
    }

    // MARK: - Primaries

    func isImplicit(_ name: String) -> Bool { name == "caller" || name == "varargs" || name == "kwargs" }

    mutating func primary() throws(SyntaxError) -> Expression {
        let place = current.place
        switch current.kind {
        case .name(let name):
            advance()
            if isImplicit(name) { implicitNames.insert(name) }
            return Expression(Self.named(name), at: place)
        case .string(let text):
            advance()
            var whole = text
            while case .string(let next) = current.kind {
                whole += next
                advance()
            }
            return Expression(.literal(.string(whole)), at: place)
        case .int(let number):
            advance()
            return Expression(.literal(.int(number)), at: place)
        case .double(let number):
            advance()
            return Expression(.literal(.double(number)), at: place)
        case .symbol(.openParen):
            advance()
            let inner = try tuple(allowEmpty: true)
            try expect(.closeParen)
            return Expression(inner.kind, at: place)
        case .symbol(.openBracket): return try list()
        case .symbol(.openBrace): return try map()
        default: throw unexpected(expected: "an expression")
        }
    }

    private static func named(_ name: String) -> Expression.Kind {
        switch name {
        case "true", "True": .literal(.bool(true))
        case "false", "False": .literal(.bool(false))
        case "none", "None": .literal(.null)
        default: .name(name)
        }
    }

    /// One expression, or several with commas between, which make a tuple.
    mutating func tuple(
        withConditional: Bool = true, allowEmpty: Bool = false, endingAt name: String? = nil
    ) throws(SyntaxError) -> Expression {
        let place = current.place
        var items: [Expression] = []
        var isTuple = false
        while !endsTuple(name) {
            items.append(withConditional ? try expression() : try plainExpression())
            guard skip(.comma) else { break }
            isTuple = true
        }
        if !isTuple, let only = items.first { return only }
        guard !items.isEmpty || allowEmpty else { throw unexpected(expected: "an expression") }
        return Expression(.tuple(items), at: place)
    }

    private func endsTuple(_ name: String?) -> Bool {
        switch current.kind {
        case .outputEnd, .blockEnd, .symbol(.closeParen), .end: true
        case .name(let word): word == name
        default: false
        }
    }

    private mutating func list() throws(SyntaxError) -> Expression {
        let place = current.place
        try expect(.openBracket)
        var items: [Expression] = []
        while !at(.closeBracket) {
            if !items.isEmpty { try expect(.comma) }
            if at(.closeBracket) { break }
            items.append(try expression())
        }
        try expect(.closeBracket)
        return Expression(.list(items), at: place)
    }

    private mutating func map() throws(SyntaxError) -> Expression {
        let place = current.place
        try expect(.openBrace)
        var items: [(key: Expression, value: Expression)] = []
        while !at(.closeBrace) {
            if !items.isEmpty { try expect(.comma) }
            if at(.closeBrace) { break }
            let key = try expression()
            try expect(.colon)
            items.append((key, try expression()))
        }
        try expect(.closeBrace)
        return Expression(.map(items), at: place)
    }

    // MARK: - What follows a primary

    mutating func postfix(_ base: Expression) throws(SyntaxError) -> Expression {
        var result = base
        var links = 0
        while true {
            try count(&links)
            if at(.dot) {
                result = try attribute(of: result)
            } else if at(.openBracket) {
                result = try item(of: result)
            } else if at(.openParen) {
                result = Expression(.call(result, try callArguments()), at: result.place)
            } else {
                return result
            }
        }
    }

    private mutating func attribute(of base: Expression) throws(SyntaxError) -> Expression {
        try expect(.dot)
        let place = current.place
        switch current.kind {
        case .name(let name):
            advance()
            return Expression(.attribute(base, name), at: place)
        case .int(let number):
            advance()
            return Expression(.item(base, Expression(.literal(.int(number)), at: place)), at: place)
        default: throw unexpected(expected: "a name or a number")
        }
    }

    private mutating func item(of base: Expression) throws(SyntaxError) -> Expression {
        let place = current.place
        try expect(.openBracket)
        if at(.closeBracket) { throw unexpected(expected: "an index") }
        let first = at(.colon) ? nil : try expression()
        guard let first, !at(.colon) else { return try slice(of: base, start: first, at: place) }
        var indices = [first]
        while skip(.comma) { indices.append(try expression()) }
        try expect(.closeBracket)
        let index = indices.count == 1 ? first : Expression(.tuple(indices), at: place)
        return Expression(.item(base, index), at: place)
    }

    /// The rest of `[start:stop:step]`, from the first colon.
    private mutating func slice(
        of base: Expression, start: Expression?, at place: Place
    ) throws(SyntaxError) -> Expression {
        var bounds: [Expression?] = [nil, nil]
        for index in bounds.indices where skip(.colon) {
            bounds[index] = at(.colon) || at(.closeBracket) ? nil : try expression()
        }
        try expect(.closeBracket)
        return Expression(.slice(base, start: start, stop: bounds[0], step: bounds[1]), at: place)
    }

    private mutating func filtersAndTests(_ base: Expression) throws(SyntaxError) -> Expression {
        var result = base
        var links = 0
        while true {
            try count(&links)
            if skip(.pipe) {
                result = try filter(on: result)
            } else if skip(name: "is") {
                result = try test(on: result)
            } else if at(.openParen) {
                result = Expression(.call(result, try callArguments()), at: result.place)
            } else {
                return result
            }
        }
    }

    /// The name of a filter or test, which may have dots.
    private mutating func dottedName(_ what: String) throws(SyntaxError) -> String {
        var name = try expectName(what)
        while skip(.dot) { name += "." + (try expectName(what)) }
        return name
    }

    /// A filter, behind its `|`.
    mutating func filter(on input: Expression?) throws(SyntaxError) -> Expression {
        let place = current.place
        let name = try dottedName("the name of a filter")
        let arguments = at(.openParen) ? try callArguments() : CallArguments()
        return Expression(.filter(input, name, arguments), at: place)
    }

    /// One filter or several with `|` between, on a block's text.
    mutating func filterChain() throws(SyntaxError) -> Expression {
        var result = try filter(on: nil)
        var links = 0
        while skip(.pipe) {
            try count(&links)
            result = try filter(on: result)
        }
        return result
    }

    private mutating func test(on input: Expression) throws(SyntaxError) -> Expression {
        let place = current.place
        let isNegated = skip(name: "not")
        let name = try dottedName("the name of a test")
        var arguments = CallArguments()
        if at(.openParen) {
            arguments = try callArguments()
        } else if startsTestArgument {
            if at(name: "is") {
                throw SyntaxError("tests cannot be chained with \"is\"", hint: "use \"and\"", at: current.place)
            }
            arguments.positional = [try nested { parser throws(SyntaxError) in try parser.postfix(parser.primary()) }]
        }
        let test = Expression(.test(input, name, arguments), at: place)
        return isNegated ? Expression(.not(test), at: place) : test
    }

    private var startsTestArgument: Bool {
        switch current.kind {
        case .name(let name): !["else", "or", "and"].contains(name) && !isKeywordAfterTest(name)
        case .string, .int, .double: true
        case .symbol(let symbol): symbol == .openBracket || symbol == .openBrace
        default: false
        }
    }

    /// `x is defined if y` and `for a in b if a is odd recursive` go on behind the test.
    private func isKeywordAfterTest(_ name: String) -> Bool {
        name == "if" || name == "recursive" || name == "in" || name == "not"
    }

    mutating func callArguments() throws(SyntaxError) -> CallArguments {
        try expect(.openParen)
        var arguments = CallArguments()
        var isFirst = true
        while !at(.closeParen) {
            if !isFirst { try expect(.comma) }
            if at(.closeParen) { break }
            isFirst = false
            try argument(into: &arguments)
        }
        try expect(.closeParen)
        return arguments
    }

    private mutating func argument(into arguments: inout CallArguments) throws(SyntaxError) {
        let place = current.place
        if skip(.mul) {
            guard arguments.star == nil, arguments.doubleStar == nil else {
                throw SyntaxError("invalid order of arguments", at: place)
            }
            arguments.star = try expression()
        } else if skip(.pow) {
            guard arguments.doubleStar == nil else { throw SyntaxError("invalid order of arguments", at: place) }
            arguments.doubleStar = try expression()
        } else if case .name(let name) = current.kind, following.kind == .symbol(.assign) {
            guard arguments.doubleStar == nil else { throw SyntaxError("invalid order of arguments", at: place) }
            advance()
            advance()
            guard !arguments.named.contains(where: { $0.name == name }) else {
                throw SyntaxError("argument \"\(name)\" is given twice", at: place)
            }
            arguments.named.append((name, try expression()))
        } else {
            guard arguments.star == nil, arguments.doubleStar == nil, arguments.named.isEmpty else {
                throw SyntaxError(
                    "invalid order of arguments", detail: "an argument without a name follows one with a name",
                    at: place)
            }
            arguments.positional.append(try expression())
        }
    }
}
