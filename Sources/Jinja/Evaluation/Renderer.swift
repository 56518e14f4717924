internal import Values

/// Walks the tree of a template and writes what it renders to. One render, one thread.
final class Renderer {
    let environment: Environment
    /// The initial context and Jinja's global functions: what templates see that are imported without context.
    let globals: Scope
    var output = Output()
    var scope: Scope
    var activation: Activation
    /// The call, filter or test in progress.
    var callPlace = Place(line: 1, column: 1)
    private var captured = 0
    private var depth = 0
    private var steps = 0
    private var templateDepth = 0
    private var templates: [String: TemplateTree] = [:]
    /// Scopes that hold a macro or a template, which hold the scope.
    var circular: [Scope] = []
    /// Templates imported without context run once.
    var modules: [String: TemplateModule] = [:]

    init(_ tree: TemplateTree, context: [String: JinjaValue], environment: Environment) {
        self.environment = environment
        let functions = Scope(parent: nil, names: GlobalFunctions.all)
        globals = Scope(parent: functions, names: context.mapValues(Datum.init))
        scope = Scope(parent: globals)
        activation = Activation(tree, top: scope)
    }

    /// Ends the render: what holds itself is let go.
    func close() {
        for scope in circular { scope.surrender() }
        circular = []
        modules = [:]
    }

    var source: SourceText { activation.tree.source }

    func mark(_ place: Place) -> Mark { source.mark(at: place) }

    var callMark: Mark { mark(callPlace) }

    // MARK: - Limits

    /// Runs one level deeper, counted.
    func nested<Result>(_ body: () throws -> Result) throws -> Result {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Limits.depth else {
            throw Fault("nested too deeply", detail: "a macro or template probably calls itself without end")
        }
        return try body()
    }

    func step() throws { try charge(1) }

    /// What a filter or function took or gave counts by its size.
    func charge(for datum: Datum) throws {
        switch datum {
        case .string(let text): try charge(text.utf8.count >> 5)
        case .list(let box): try charge(box.count)
        case .tuple(let box): try charge(box.items.count)
        case .map(let box): try charge(box.count)
        default: break
        }
    }

    private func charge(_ count: Int) throws {
        steps += count
        if steps > Limits.steps { throw Fault("takes too long", detail: "stopped after \(Limits.steps) steps") }
    }

    // MARK: - Writing

    /// Runs something and returns what it wrote instead of writing it.
    func capture(_ body: () throws -> Void) throws -> Output {
        let outer = output
        captured += outer.bytes.count
        output = Output()
        defer {
            output = outer
            captured -= outer.bytes.count
        }
        try body()
        return output
    }

    func checkOutput() throws { try Limits.checkText(captured + output.bytes.count) }

    /// Runs something with another scope.
    func with<Result>(_ inner: Scope, _ body: () throws -> Result) rethrows -> Result {
        let outer = scope
        scope = inner
        defer { scope = outer }
        return try body()
    }

    /// Runs something as part of another template.
    func with<Result>(_ inner: Activation, _ scope: Scope, _ body: () throws -> Result) rethrows -> Result {
        let outer = activation
        activation = inner
        defer { activation = outer }
        return try with(scope, body)
    }

    // MARK: - Templates

    /// Executes a whole template, its base templates included.
    func run(_ activation: Activation) throws {
        templateDepth += 1
        defer { templateDepth -= 1 }
        guard templateDepth <= Limits.templates else {
            throw Fault("templates include each other too deeply", detail: "the limit is \(Limits.templates)")
        }
        try with(activation, activation.top) {
            register(activation.tree.blocks, of: activation)
            try runExtending(activation)
        }
    }

    private func register(_ blocks: [String: BlockDefinition], of activation: Activation) {
        for (name, block) in blocks { activation.blocks[name, default: []].append((block, activation)) }
    }

    /// A template that extends another writes nothing of its own: its blocks replace those of its base.
    private func runExtending(_ activation: Activation) throws {
        var current = activation
        for _ in 0..<Limits.templates {
            _ = try with(current, current.top) { try execute(current.tree.body) }
            guard let base = current.base else { return }
            let next = Activation(base.tree, path: base.path, top: current.top)
            next.blocks = current.blocks
            register(base.tree.blocks, of: next)
            current = next
        }
        throw Fault("templates extend each other without end")
    }

    /// The template of a name, or nil when the environment has none.
    func template(named name: String) throws -> LoadedTemplate? {
        let folder = activation.path.map(TemplatePath.folder) ?? scope.find("tpldir")?.plainText
        let path = try TemplatePath.resolved(name, from: folder ?? "")
        if let known = templates[path] { return LoadedTemplate(tree: known, path: path) }
        let source: SourceText?
        do { source = try environment.load(path) } catch { throw Fault(error) }
        guard let source else { return nil }
        do throws(Diagnostics) {
            let tree = try TemplateTree(source, whitespace: activation.tree.whitespace)
            templates[path] = tree
            return LoadedTemplate(tree: tree, path: path)
        } catch {
            throw Fault(error)
        }
    }

    // MARK: - Statements

    func execute(_ statements: [Statement]) throws -> Flow {
        try nested {
            for statement in statements {
                try step()
                let flow: Flow
                do {
                    flow = try execute(statement)
                } catch var fault as Fault where fault.mark == nil {
                    fault.mark = mark(statement.place)
                    throw fault
                }
                if flow != .next { return flow }
            }
            return .next
        }
    }

    private func execute(_ statement: Statement) throws -> Flow {
        switch statement.kind {
        case .text(let text):
            guard activation.base == nil else { break }
            output.write(text: text, at: statement.place, of: source)
            try checkOutput()
        case .output(let expression): try write(expression, at: statement.place)
        case .condition(let branches, let otherwise):
            for branch in branches where try evaluate(branch.test).isTrue { return try execute(branch.body) }
            return try execute(otherwise)
        case .loop(let loop): try run(loop)
        case .perform(let expression): _ = try evaluate(expression)
        case .breakLoop: return .breakLoop
        case .continueLoop: return .continueLoop
        case .with(let names, let body): return try with(names, body)
        case .scope(let body): return try with(Scope(parent: scope)) { try execute(body) }
        case .set, .setBlock, .macro, .load: try define(statement)
        case .callBlock, .filterBlock: try call(statement)
        default: try use(statement)
        }
        return .next
    }

    private func write(_ expression: Expression, at place: Place) throws {
        let value = try evaluate(expression)
        guard activation.base == nil else { return }
        output.write(try value.text(), from: mark(place))
        try checkOutput()
    }

    private func with(_ names: [(target: Target, value: Expression)], _ body: [Statement]) throws -> Flow {
        let inner = Scope(parent: scope)
        // The values are evaluated outside, so one name's value cannot use another's.
        for (target, value) in names { try assign(target, try evaluate(value), in: inner) }
        return try with(inner) { try execute(body) }
    }
}
