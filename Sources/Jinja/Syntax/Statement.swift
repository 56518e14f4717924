/// A statement of a template, with its place.
struct Statement: Sendable {
    indirect enum Kind: Sendable {
        case text(String)
        case output(Expression)
        case condition([(test: Expression, body: [Statement])], otherwise: [Statement])
        case loop(ForLoop)
        case set(Target, Expression)
        case setBlock(Target, filters: Expression?, body: [Statement])
        case with([(target: Target, value: Expression)], body: [Statement])
        case macro(MacroDefinition)
        case callBlock(Expression, MacroDefinition)
        case filterBlock(Expression, body: [Statement])
        case include(TemplateReference, ignoreMissing: Bool)
        case importTemplate(TemplateReference, as: String)
        case importNames(TemplateReference, [(name: String, alias: String)])
        case block(BlockDefinition)
        case extends(Expression)
        case perform(Expression)
        case breakLoop
        case continueLoop
        /// A body with names of its own that does nothing else (`autoescape`, Salt's `profile`).
        case scope([Statement])
        case load(DataFormat, Target, body: [Statement])
        case importData(DataFormat, TemplateReference, as: String)
    }

    let kind: Kind
    let place: Place

    init(_ kind: Kind, at place: Place) {
        self.kind = kind
        self.place = place
    }
}

/// What a `set`, `for` or `with` assigns to.
indirect enum Target: Sendable {
    case name(String)
    case tuple([Target])
    case namespace(String, attribute: String)
}

struct ForLoop: Sendable {
    let target: Target
    let sequence: Expression
    let filter: Expression?
    let isRecursive: Bool
    let body: [Statement]
    let otherwise: [Statement]
}

/// A macro, or the body of a `call` block, which is one too.
struct MacroDefinition: Sendable {
    let name: String
    let parameters: [(name: String, fallback: Expression?)]
    let body: [Statement]
    let place: Place
    /// Which of the implicit names the body uses; a macro takes surplus arguments only if it looks at them.
    let usesCaller: Bool
    let usesVarargs: Bool
    let usesKwargs: Bool
}

struct BlockDefinition: Sendable {
    let name: String
    let isScoped: Bool
    let isRequired: Bool
    let body: [Statement]
}

/// The template named by an `include`, `import` or `from`, and whether it sees the names of the one that does.
struct TemplateReference: Sendable {
    let template: Expression
    let withContext: Bool
}

/// What Salt's `load_*` and `import_*` tags read.
enum DataFormat: String, Sendable, CaseIterable { case yaml, json, text }
