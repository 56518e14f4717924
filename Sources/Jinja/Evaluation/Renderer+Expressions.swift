internal import Values

/// Evaluation of expressions.
extension Renderer {
    /// - Parameter blockText: the text of the filter block whose chain this is.
    func evaluate(_ expression: Expression, blockText: String? = nil) throws -> Datum {
        switch expression.kind {
        case .literal(let literal): return Datum(literal)
        case .name(let name): return scope.find(name) ?? unknown(name, at: expression.place)
        default: break
        }
        try step()
        do {
            return try nested { try evaluateCompound(expression, blockText) }
        } catch var fault as Fault where fault.mark == nil {
            fault.mark = mark(expression.place)
            throw fault
        }
    }

    private func evaluateCompound(_ expression: Expression, _ blockText: String?) throws -> Datum {
        switch expression.kind {
        case .attribute(let base, let name): return try attribute(of: base, name, in: expression)
        case .item(let base, let index): return try item(of: base, index, in: expression)
        case .call: return try evaluateCall(expression, caller: nil)
        case .filter(let input, let name, let arguments):
            let value: Datum =
                if let input { try evaluate(input, blockText: blockText) } else { .string(blockText ?? "") }
            let given = try self.arguments(arguments, of: name)
            callPlace = expression.place
            try charge(for: value)
            let result = try apply(filter: name, to: value, given)
            try charge(for: result)
            return result
        case .test(let input, let name, let arguments):
            let value = try evaluate(input)
            let given = try self.arguments(arguments, of: name)
            callPlace = expression.place
            return .bool(try apply(test: name, to: value, given))
        case .and(let left, let right):
            let value = try evaluate(left)
            return try value.isTrue ? evaluate(right) : value
        case .or(let left, let right):
            let value = try evaluate(left)
            return try value.isTrue ? value : evaluate(right)
        case .conditional(let test, let then, let otherwise):
            return try evaluateConditional(test, then, otherwise, at: expression.place)
        default: return try evaluateOperation(expression)
        }
    }

    private func evaluateOperation(_ expression: Expression) throws -> Datum {
        switch expression.kind {
        case .list(let items): return .list(try items.map { try evaluate($0) })
        case .tuple(let items): return .tuple(try items.map { try evaluate($0) })
        case .map(let pairs):
            var table = MapTable()
            for (key, value) in pairs {
                let name = try evaluate(key)
                table.set(try DatumKey(name), key: name, to: try evaluate(value))
            }
            return .map(MapBox(table))
        case .not(let operand): return .bool(try !evaluate(operand).isTrue)
        case .negative(let operand): return try evaluate(operand).negated()
        case .positive(let operand): return try evaluate(operand).asNumber("+")
        case .arithmetic(let left, let operation, let right):
            return try evaluate(left).combined(operation, with: evaluate(right))
        case .concatenation(let parts):
            var text = ""
            for part in parts { text += try evaluate(part).text() }
            try Limits.checkText(text.utf8.count)
            return .string(text)
        case .comparison(let first, let rest): return .bool(try compare(first, rest))
        case .slice(let base, let start, let stop, let step):
            let bounds = try [start, stop, step].map { bound in try bound.map { try evaluate($0) } }
            return try evaluate(base).sliced(start: bounds[0], stop: bounds[1], step: bounds[2])
        default: throw Fault("expression cannot be evaluated")
        }
    }

    private func evaluateConditional(
        _ test: Expression, _ then: Expression, _ otherwise: Expression?, at place: Place
    ) throws -> Datum {
        if try evaluate(test).isTrue { return try evaluate(then) }
        if let otherwise { return try evaluate(otherwise) }
        return .undefined(
            Undefined("the condition is false and there is no \"else\"", origin: mark(place), isBlank: true))
    }

    /// `a < b < c` evaluates `b` once and stops at the first that is false.
    private func compare(
        _ first: Expression, _ rest: [(operation: Comparison, operand: Expression)]
    ) throws -> Bool {
        var left = try evaluate(first)
        for (operation, operand) in rest {
            let right = try evaluate(operand)
            guard try left.compares(operation, right) else { return false }
            left = right
        }
        return true
    }

    // MARK: - Names, attributes, items

    private func unknown(_ name: String, at place: Place) -> Datum {
        if name == "self", !activation.blocks.isEmpty { return .object(BlockSet(activation)) }
        return .undefined(
            Undefined(
                "\"\(name)\" is undefined", name: name, hint: NearestName.hint(for: name, among: scope.visibleNames),
                origin: mark(place)))
    }

    private func attribute(of base: Expression, _ name: String, in expression: Expression) throws -> Datum {
        let value = try evaluate(base)
        if let found = try value.attribute(name) { return found }
        return .undefined(missing(.string(name), in: value, expression))
    }

    private func item(of base: Expression, _ index: Expression, in expression: Expression) throws -> Datum {
        let value = try evaluate(base)
        let key = try evaluate(index)
        if let found = try value.item(key) { return found }
        return .undefined(missing(key, in: value, expression))
    }

    private func missing(_ key: Datum, in value: Datum, _ expression: Expression) -> Undefined {
        let name = (try? key.text()) ?? "?"
        let summary =
            expression.path.map { "\"\($0)\" is undefined" } ?? "\(value.kindName) has no \"\(name)\""
        let names = value.attributeNames
        var detail = "\(expression.path == nil ? "it" : value.kindName) has no \"\(name)\""
        if !names.isEmpty {
            let more = names.count > 8 ? " and \(names.count - 8) more" : ""
            detail += "; there is " + Arguments.quoted(names.prefix(8)) + more
        }
        return Undefined(
            summary, name: expression.path ?? name, detail: detail, hint: NearestName.hint(for: name, among: names),
            origin: mark(expression.place))
    }

    // MARK: - Calls

    func evaluateCall(_ expression: Expression, caller: Macro?) throws -> Datum {
        guard case .call(let callee, let written) = expression.kind else { return try evaluate(expression) }
        let function = try evaluate(callee)
        var arguments = try arguments(written, of: callee.path ?? "this")
        if let caller { arguments.named.append(("caller", .object(caller))) }
        callPlace = expression.place
        do {
            let result = try call(function, arguments)
            try charge(for: result)
            return result
        } catch var fault as Fault {
            let here = mark(expression.place)
            if fault.mark == nil {
                fault.mark = here
            } else if case .object(let object) = function, object is Macro {
                fault.add("called from \(here)")
            }
            throw fault
        }
    }

    func call(_ function: Datum, _ arguments: Arguments) throws -> Datum {
        switch function {
        case .object(let object) where object.isCallable: return try object.call(arguments, self)
        case .undefined(let undefined): throw undefined.fault
        default: throw Fault("\"\(arguments.callee)\" cannot be called: it is \(function.kindName)")
        }
    }

    private func arguments(_ written: CallArguments, of callee: String) throws -> Arguments {
        guard !written.isEmpty else { return Arguments(callee) }
        var result = Arguments(callee)
        for expression in written.positional { result.positional.append(try evaluate(expression)) }
        if let star = written.star { result.positional += try evaluate(star).elements() }
        for (name, value) in written.named { result.named.append((name, try evaluate(value))) }
        if let doubleStar = written.doubleStar {
            guard case .map(let box) = try evaluate(doubleStar) else {
                throw Fault("what follows \"**\" in a call must be a mapping")
            }
            for (key, value) in box.table.pairs {
                guard case .string(let name) = key else { throw Fault("names of arguments must be text") }
                guard !result.named.contains(where: { $0.name == name }) else {
                    throw Fault("argument \"\(name)\" of \"\(callee)\" is given twice")
                }
                result.named.append((name, value))
            }
        }
        return result
    }

    // MARK: - Filters and tests

    func apply(filter name: String, to value: Datum, _ arguments: Arguments) throws -> Datum {
        if let filter = FilterTable.all[name] {
            if case .undefined(let undefined) = value, !filter.acceptsUndefined { throw undefined.fault }
            return try filter.body(
                Invocation(value, arguments, parameters: filter.parameters, required: filter.required, self))
        }
        if let function = environment.filters[name] {
            var all = arguments
            all.positional.insert(value, at: 0)
            return try HostFunction(function).call(all, self)
        }
        let names = Array(FilterTable.all.keys) + Array(environment.filters.keys)
        throw Fault("there is no filter \"\(name)\"", hint: NearestName.hint(for: name, among: names))
    }

    func apply(test name: String, to value: Datum, _ arguments: Arguments) throws -> Bool {
        if let test = TestTable.all[name] {
            if case .undefined(let undefined) = value, !test.acceptsUndefined { throw undefined.fault }
            return try test.body(
                Invocation(value, arguments, parameters: test.parameters, required: test.required, self))
        }
        if let function = environment.tests[name] {
            var all = arguments
            all.positional.insert(value, at: 0)
            return try HostFunction(function).call(all, self).isTrue
        }
        let names = Array(TestTable.all.keys) + Array(environment.tests.keys)
        throw Fault("there is no test \"\(name)\"", hint: NearestName.hint(for: name, among: names))
    }
}

extension Datum {
    init(_ literal: Expression.Literal) {
        switch literal {
        case .null: self = .null
        case .bool(let truth): self = .bool(truth)
        case .int(let number): self = .int(number)
        case .double(let number): self = .double(number)
        case .string(let text): self = .string(text)
        }
    }
}
