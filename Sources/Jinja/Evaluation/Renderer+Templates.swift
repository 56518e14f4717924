internal import Values

/// Statements that use other templates: include, import, extends and blocks.
extension Renderer {
    func use(_ statement: Statement) throws {
        switch statement.kind {
        case .include(let reference, let ignoreMissing):
            guard activation.base == nil else { return }
            try include(reference, ignoreMissing: ignoreMissing, at: statement.place)
        case .importTemplate(let reference, let name):
            circular.append(scope)
            scope.assign(name, .object(try module(reference, at: statement.place)))
        case .importNames(let reference, let names):
            let module = try module(reference, at: statement.place)
            circular.append(scope)
            for (name, alias) in names { scope.assign(alias, try module.exported(name, mark(statement.place))) }
        case .importData(let format, let reference, let name):
            let written = try module(reference, at: statement.place)
            let label = written.activation.tree.source.name
            scope.assign(name, try read(written.output.source(name: label), as: format))
        case .extends(let expression): try extend(expression, at: statement.place)
        case .block(let definition):
            guard activation.base == nil else { return }
            try run(block: definition.name, level: 0, in: definition.isScoped ? scope : activation.top)
        default: break
        }
    }

    private func include(_ reference: TemplateReference, ignoreMissing: Bool, at place: Place) throws {
        guard let found = try find(reference.template, ignoreMissing: ignoreMissing) else { return }
        let activation = activation(of: found, withContext: reference.withContext)
        try within("included from", place) { try run(activation) }
    }

    /// Runs a template for its names, and what it writes for `import_yaml`.
    private func module(_ reference: TemplateReference, at place: Place) throws -> TemplateModule {
        guard let found = try find(reference.template, ignoreMissing: false) else {
            throw Fault("template was not found")
        }
        if !reference.withContext, let known = modules[found.path] { return known }
        let activation = activation(of: found, withContext: reference.withContext)
        let written = try within("imported from", place) { try capture { try run(activation) } }
        let module = TemplateModule(activation, output: written)
        if !reference.withContext { modules[found.path] = module }
        return module
    }

    private func activation(of found: LoadedTemplate, withContext: Bool) -> Activation {
        if withContext { return Activation(found.tree, path: found.path, top: Scope(parent: scope)) }
        let own = Scope(parent: globals, names: TemplatePath.names(of: found.path))
        return Activation(found.tree, path: found.path, top: Scope(parent: own))
    }

    /// The template an expression names: one name, or a list of which the first that exists is taken.
    private func find(_ expression: Expression, ignoreMissing: Bool) throws -> LoadedTemplate? {
        let value = try evaluate(expression)
        var names: [Datum] = [value]
        switch value {
        case .list(let box): names = box.items
        case .tuple(let box): names = box.items
        default: break
        }
        var tried: [String] = []
        for name in names {
            guard case .string(let path) = name else {
                if case .undefined(let undefined) = name { throw undefined.fault }
                throw Fault("the name of a template must be text, not \(name.kindName)")
            }
            if let found = try template(named: path) { return found }
            tried.append(path)
        }
        guard !ignoreMissing else { return nil }
        let what =
            tried.count == 1
            ? "template \(Arguments.quoted(tried)) was" : "none of the templates \(Arguments.quoted(tried)) were"
        throw Fault("\(what) not found", mark: mark(expression.place))
    }

    /// Adds to errors that come from another template how it came to run.
    private func within<Result>(_ relation: String, _ place: Place, _ body: () throws -> Result) throws -> Result {
        do {
            return try nested(body)
        } catch var fault as Fault {
            let here = mark(place)
            if fault.mark == nil { fault.mark = here } else { fault.add("\(relation) \(here)") }
            throw fault
        }
    }

    // MARK: - Inheritance

    private func extend(_ expression: Expression, at place: Place) throws {
        guard activation.base == nil else { throw Fault("a template can extend only one other") }
        activation.base = try find(expression, ignoreMissing: false)
    }

    /// Writes a block: its most derived definition, or with a level the one that many steps nearer to the base.
    func run(block name: String, level: Int, in outer: Scope) throws {
        let activation = activation
        guard let definitions = activation.blocks[name], level < definitions.count else {
            throw Fault("there is no block \"\(name)\"")
        }
        let (definition, owner) = definitions[level]
        guard !definition.isRequired || level > 0 || definitions.count > 1 else {
            throw Fault("block \"\(name)\" is required, but no template that extends this one defines it")
        }
        let inner = Scope(parent: outer)
        inner.assign("super", .object(BlockReference(name, level: level + 1, activation: activation, scope: outer)))
        inner.assign("self", .object(BlockSet(activation)))
        let running = Activation(owner.tree, path: owner.path, top: owner.top)
        running.blocks = activation.blocks
        _ = try nested { try with(running, inner) { try execute(definition.body) } }
    }
}

/// What `import` gives: a template's top-level names.
final class TemplateModule: NativeObject {
    let activation: Activation
    let output: Output

    init(_ activation: Activation, output: Output) {
        self.activation = activation
        self.output = output
    }

    override var typeName: String { "template" }
    override var text: String { output.text }
    override var attributeNames: [String] { activation.top.names.keys.filter { !$0.hasPrefix("_") } }
    override func attribute(_ name: String) -> Datum? { name.hasPrefix("_") ? nil : activation.top.names[name] }

    /// A name for `from ... import`; not an error until it is used.
    func exported(_ name: String, _ mark: Mark) throws -> Datum {
        if let found = attribute(name) { return found }
        return .undefined(
            Undefined(
                "template \"\(activation.tree.source.name)\" has no \"\(name)\" to import",
                hint: NearestName.hint(for: name, among: attributeNames), origin: mark))
    }
}

/// `super`, or `self.name`: a block that can be called.
final class BlockReference: NativeObject {
    private let name: String
    private let level: Int
    private let activation: Activation
    private let scope: Scope

    init(_ name: String, level: Int, activation: Activation, scope: Scope) {
        self.name = name
        self.level = level
        self.activation = activation
        self.scope = scope
    }

    override var typeName: String { "block" }
    override var isCallable: Bool { true }
    override func call(_ arguments: Arguments, _ renderer: Renderer) throws -> Datum {
        guard level < activation.blocks[name]?.count ?? 0 else {
            throw Fault("there is no parent block called \"\(name)\"")
        }
        let written = try renderer.capture {
            try renderer.with(activation, scope) { try renderer.run(block: name, level: level, in: scope) }
        }
        return .string(written.text)
    }
}

/// `self`: the blocks of a template.
final class BlockSet: NativeObject {
    private let activation: Activation

    init(_ activation: Activation) { self.activation = activation }

    override var typeName: String { "template" }
    override var attributeNames: [String] { Array(activation.blocks.keys) }
    override func attribute(_ name: String) -> Datum? {
        guard activation.blocks[name] != nil else { return nil }
        return .object(BlockReference(name, level: 0, activation: activation, scope: activation.top))
    }
}
