/// Statements: text, output and the `{% %}` tags.
extension Parser {
    /// Statements up to a tag whose name is in `ends`, which is left behind the tag's name; or to the template's end.
    mutating func statements(
        until ends: [String], of opening: (name: String, place: Place)?
    ) throws(SyntaxError) -> (body: [Statement], end: String) {
        try nested { parser throws(SyntaxError) in
            var body: [Statement] = []
            while true {
                let place = parser.current.place
                switch parser.current.kind {
                case .text(let text):
                    parser.advance()
                    body.append(Statement(.text(text), at: place))
                case .outputBegin:
                    parser.advance()
                    let value = try parser.tuple()
                    guard parser.current.kind == .outputEnd else { throw parser.unexpected(expected: "\"}}\"") }
                    parser.advance()
                    body.append(Statement(.output(value), at: place))
                case .blockBegin:
                    parser.advance()
                    if parser.at(anyOf: ends) { return (body, try parser.expectName()) }
                    let kind = try parser.statement(at: place)
                    try parser.expectBlockEnd()
                    body.append(Statement(kind, at: place))
                case .end where opening == nil: return (body, "")
                default: throw parser.missingEnd(ends, of: opening)
                }
            }
        }
    }

    private func missingEnd(_ ends: [String], of opening: (name: String, place: Place)?) -> SyntaxError {
        guard let opening, let end = ends.last, current.kind == .end else { return unexpected() }
        return SyntaxError(
            "missing \"{% \(end) %}\" of this \"\(opening.name)\"", detail: "the template ends before it",
            at: opening.place)
    }

    /// The body of a tag that has one end, which is read too.
    private mutating func body(until end: String, of name: String, at place: Place) throws(SyntaxError) -> [Statement] {
        try expectBlockEnd()
        return try statements(until: [end], of: (name, place)).body
    }

    /// A tag's name and what belongs to it, up to its `%}`.
    private mutating func statement(at place: Place) throws(SyntaxError) -> Statement.Kind {
        let token = current
        let name = try expectName("the name of a tag")
        switch name {
        case "if": return try condition(at: place)
        case "for": return try loop(at: place)
        case "set": return try set(at: place)
        case "with": return try with(at: place)
        case "macro": return .macro(try macro(at: place))
        case "call": return try callBlock(at: place)
        case "filter": return .filterBlock(try filterChain(), body: try body(until: "endfilter", of: name, at: place))
        case "block": return try block(at: place)
        case "extends": return .extends(try expression())
        case "include": return try include()
        case "import": return try importTemplate()
        case "from": return try importNames()
        case "do": return .perform(try tuple())
        case "print": return try printed()
        case "break", "continue": return try loopControl(name, token)
        case "autoescape":
            _ = try expression()
            return .scope(try body(until: "endautoescape", of: name, at: place))
        case "profile":
            try expect(name: "as")
            _ = try expression()
            return .scope(try body(until: "endprofile", of: name, at: place))
        default: return try dataTag(name, token, at: place)
        }
    }

    /// Salt's `load_yaml as x` ... `endload` and `import_yaml "file" as x`.
    private mutating func dataTag(_ name: String, _ token: Token, at place: Place) throws(SyntaxError) -> Statement.Kind
    {
        for format in DataFormat.allCases {
            if name == "load_\(format.rawValue)" {
                try expect(name: "as")
                let target = try assignmentTarget(withNamespace: false)
                return .load(format, target, body: try body(until: "endload", of: name, at: place))
            }
            if name == "import_\(format.rawValue)" {
                let template = try expression()
                try expect(name: "as")
                let target = try expectName("a name to import as")
                let context = try importContext(standard: false)
                return .importData(format, TemplateReference(template: template, withContext: context), as: target)
            }
        }
        throw SyntaxError("unknown tag \"\(name)\"", hint: TagNames.hint(for: name), at: token.place)
    }

    /// `print a, b` writes one after the other.
    private mutating func printed() throws(SyntaxError) -> Statement.Kind {
        let place = current.place
        var parts = [try expression()]
        while skip(.comma) { parts.append(try expression()) }
        return .output(Expression(.concatenation(parts), at: place))
    }

    private mutating func loopControl(_ name: String, _ token: Token) throws(SyntaxError) -> Statement.Kind {
        guard loopDepth > 0 else { throw SyntaxError("\"\(name)\" outside of a loop", at: token.place) }
        return name == "break" ? .breakLoop : .continueLoop
    }

    // MARK: - Control

    private mutating func condition(at place: Place) throws(SyntaxError) -> Statement.Kind {
        var branches: [(test: Expression, body: [Statement])] = []
        var end = "elif"
        while end == "elif" {
            let test = try tuple(withConditional: false)
            try expectBlockEnd()
            let part = try statements(until: ["elif", "else", "endif"], of: ("if", place))
            branches.append((test, part.body))
            end = part.end
        }
        guard end == "else" else { return .condition(branches, otherwise: []) }
        let otherwise = try body(until: "endif", of: "if", at: place)
        return .condition(branches, otherwise: otherwise)
    }

    private mutating func loop(at place: Place) throws(SyntaxError) -> Statement.Kind {
        let target = try assignmentTarget(withNamespace: false)
        try expect(name: "in")
        let sequence = try tuple(withConditional: false, endingAt: "recursive")
        let filter = skip(name: "if") ? try expression() : nil
        let isRecursive = skip(name: "recursive")
        try expectBlockEnd()
        loopDepth += 1
        let part = try statements(until: ["else", "endfor"], of: ("for", place))
        loopDepth -= 1
        let otherwise = part.end == "else" ? try body(until: "endfor", of: "for", at: place) : []
        return .loop(
            ForLoop(
                target: target, sequence: sequence, filter: filter, isRecursive: isRecursive, body: part.body,
                otherwise: otherwise))
    }

    private mutating func set(at place: Place) throws(SyntaxError) -> Statement.Kind {
        let target = try assignmentTarget(withNamespace: true)
        if skip(.assign) { return .set(target, try tuple()) }
        let filters = skip(.pipe) ? try filterChain() : nil
        return .setBlock(target, filters: filters, body: try body(until: "endset", of: "set", at: place))
    }

    private mutating func with(at place: Place) throws(SyntaxError) -> Statement.Kind {
        var names: [(target: Target, value: Expression)] = []
        while current.kind != .blockEnd {
            if !names.isEmpty { try expect(.comma) }
            let target = try assignmentTarget(withNamespace: false)
            try expect(.assign)
            names.append((target, try expression()))
        }
        return .with(names, body: try body(until: "endwith", of: "with", at: place))
    }

    // MARK: - Targets

    private mutating func assignmentTarget(withNamespace: Bool) throws(SyntaxError) -> Target {
        let place = current.place
        var parts: [Target] = []
        var isTuple = false
        while true {
            if at(name: "in") || at(.assign) || current.kind == .blockEnd || at(.closeParen) { break }
            parts.append(try targetPart(withNamespace: withNamespace))
            guard skip(.comma) else { break }
            isTuple = true
        }
        guard let first = parts.first else { throw SyntaxError("missing a name to assign to", at: place) }
        return isTuple ? .tuple(parts) : first
    }

    private mutating func targetPart(withNamespace: Bool) throws(SyntaxError) -> Target {
        if skip(.openParen) {
            let inner = try nested { parser throws(SyntaxError) in
                try parser.assignmentTarget(withNamespace: withNamespace)
            }
            try expect(.closeParen)
            return inner
        }
        let name = try assignableName()
        guard withNamespace, skip(.dot) else { return .name(name) }
        return .namespace(name, attribute: try expectName("the name of an attribute"))
    }

    private mutating func assignableName() throws(SyntaxError) -> String {
        let place = current.place
        let name = try expectName("a name to assign to")
        guard !["true", "false", "none", "True", "False", "None"].contains(name) else {
            throw SyntaxError("cannot assign to \"\(name)\"", at: place)
        }
        return name
    }

    // MARK: - Macros

    private mutating func macro(at place: Place) throws(SyntaxError) -> MacroDefinition {
        let name = try assignableName()
        return try macroDefinition(name, parameters: try parameters(), end: "endmacro", tag: "macro", at: place)
    }

    private mutating func macroDefinition(
        _ name: String, parameters: [(name: String, fallback: Expression?)], end: String, tag: String, at place: Place
    ) throws(SyntaxError) -> MacroDefinition {
        let (outerNames, outerLoops) = (implicitNames, loopDepth)
        (implicitNames, loopDepth) = ([], 0)
        let body = try body(until: end, of: tag, at: place)
        let declared = Set(parameters.map(\.name))
        let used = implicitNames
        (implicitNames, loopDepth) = (outerNames.union(used), outerLoops)
        return MacroDefinition(
            name: name, parameters: parameters, body: body, place: place,
            usesCaller: used.contains("caller"),
            usesVarargs: used.contains("varargs") && !declared.contains("varargs"),
            usesKwargs: used.contains("kwargs") && !declared.contains("kwargs"))
    }

    private mutating func parameters() throws(SyntaxError) -> [(name: String, fallback: Expression?)] {
        try expect(.openParen)
        var parameters: [(name: String, fallback: Expression?)] = []
        while !at(.closeParen) {
            if !parameters.isEmpty { try expect(.comma) }
            if at(.closeParen) { break }
            let place = current.place
            let name = try assignableName()
            if skip(.assign) {
                parameters.append((name, try expression()))
            } else if parameters.last?.fallback != nil {
                throw SyntaxError("parameter \"\(name)\" without a default follows one that has one", at: place)
            } else {
                parameters.append((name, nil))
            }
        }
        try expect(.closeParen)
        return parameters
    }

    private mutating func callBlock(at place: Place) throws(SyntaxError) -> Statement.Kind {
        let parameters = at(.openParen) ? try parameters() : []
        let callee = current
        let call = try expression()
        guard case .call = call.kind else {
            throw SyntaxError("expected a call", detail: "\"call\" hands its body to a macro", at: callee.place)
        }
        return .callBlock(
            call, try macroDefinition("caller", parameters: parameters, end: "endcall", tag: "call", at: place))
    }

    // MARK: - Other templates

    private mutating func block(at place: Place) throws(SyntaxError) -> Statement.Kind {
        let name = try expectName("the name of the block")
        let isScoped = skip(name: "scoped")
        let isRequired = skip(name: "required")
        let outerLoops = loopDepth
        loopDepth = 0
        let body = try body(until: "endblock", of: "block", at: place)
        loopDepth = outerLoops
        _ = skip(name: name)
        guard blocks[name] == nil else { throw SyntaxError("block \"\(name)\" is defined twice", at: place) }
        let block = BlockDefinition(name: name, isScoped: isScoped, isRequired: isRequired, body: body)
        blocks[name] = block
        return .block(block)
    }

    private mutating func importContext(standard: Bool) throws(SyntaxError) -> Bool {
        guard at(anyOf: ["with", "without"]), following.kind == .name("context") else { return standard }
        let withContext = at(name: "with")
        advance()
        advance()
        return withContext
    }

    private mutating func include() throws(SyntaxError) -> Statement.Kind {
        let template = try expression()
        let ignoreMissing = at(name: "ignore") && following.kind == .name("missing")
        if ignoreMissing {
            advance()
            advance()
        }
        let reference = TemplateReference(template: template, withContext: try importContext(standard: true))
        return .include(reference, ignoreMissing: ignoreMissing)
    }

    private mutating func importTemplate() throws(SyntaxError) -> Statement.Kind {
        let template = try expression()
        try expect(name: "as")
        let name = try assignableName()
        return .importTemplate(
            TemplateReference(template: template, withContext: try importContext(standard: false)), as: name)
    }

    private mutating func importNames() throws(SyntaxError) -> Statement.Kind {
        let template = try expression()
        try expect(name: "import")
        var names: [(name: String, alias: String)] = []
        while case .name = current.kind {
            if at(anyOf: ["with", "without"]), following.kind == .name("context") { break }
            let place = current.place
            let name = try assignableName()
            guard !name.hasPrefix("_") else {
                throw SyntaxError("\"\(name)\" cannot be imported: it begins with an underscore", at: place)
            }
            names.append((name, skip(name: "as") ? try assignableName() : name))
            guard skip(.comma) else { break }
        }
        guard !names.isEmpty else { throw unexpected(expected: "a name to import") }
        return .importNames(
            TemplateReference(template: template, withContext: try importContext(standard: false)), names)
    }
}
