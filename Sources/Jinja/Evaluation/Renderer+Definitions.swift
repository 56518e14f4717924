internal import Values

/// Statements that give names to things, and those that hand their body on.
extension Renderer {
    func define(_ statement: Statement) throws {
        switch statement.kind {
        case .set(let target, let expression): try assign(target, try evaluate(expression), in: scope)
        case .setBlock(let target, let filters, let body):
            let text = try captureBody(body).text
            let value = try filters.map { try evaluate($0, blockText: text) } ?? .string(text)
            try assign(target, value, in: scope)
        case .macro(let definition):
            scope.assign(definition.name, .object(Macro(definition, scope: scope, activation: activation)))
        case .load(let format, let target, let body):
            let name = "\(source.name) (\(format.rawValue) block)"
            try assign(target, try read(try captureBody(body).source(name: name), as: format), in: scope)
        default: break
        }
    }

    func call(_ statement: Statement) throws {
        switch statement.kind {
        case .callBlock(let expression, let definition):
            let caller = Macro(definition, scope: scope, activation: activation)
            let value = try evaluateCall(expression, caller: caller)
            output.write(try value.text(), from: mark(statement.place))
        case .filterBlock(let filters, let body):
            let value = try evaluate(filters, blockText: try captureBody(body).text)
            guard activation.base == nil else { return }
            output.write(try value.text(), from: mark(statement.place))
        default: break
        }
        try checkOutput()
    }

    /// What a body writes, run with names of its own.
    private func captureBody(_ body: [Statement]) throws -> Output {
        try capture {
            _ = try with(Scope(parent: scope)) { try execute(body) }
        }
    }

    // MARK: - Assignment

    func assign(_ target: Target, _ value: Datum, in scope: Scope) throws {
        switch target {
        case .name(let name): scope.assign(name, value)
        case .namespace(let name, let attribute):
            guard case .object(let object)? = self.scope.find(name), let namespace = object as? Namespace else {
                throw Fault("\"\(name)\" is no namespace", hint: "make it one with {% set \(name) = namespace() %}")
            }
            namespace.values.set(attribute, to: value)
        case .tuple(let targets):
            let items = try value.elements()
            guard items.count == targets.count else {
                throw Fault("expected \(targets.count) values to unpack, found \(items.count)")
            }
            for (target, item) in zip(targets, items) { try assign(target, item, in: scope) }
        }
    }

    // MARK: - Data

    /// Reads data in a format; the marks of the result lead back to where its text was written.
    func read(_ source: SourceText, as format: DataFormat) throws -> Datum {
        do throws(Diagnostics) {
            switch format {
            case .yaml: return Datum(try YAML.read(source))
            case .json: return Datum(try JSON.read(source))
            case .text: return .string(source.text)
            }
        } catch {
            throw Fault(error)
        }
    }
}
