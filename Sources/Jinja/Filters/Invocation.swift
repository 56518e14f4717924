/// One use of a filter or test: the input, the arguments in the order of its parameters, and the render it happens in.
struct Invocation {
    let input: Datum
    /// Arguments as they were given.
    let arguments: Arguments
    let renderer: Renderer
    private let values: [Datum?]
    private let parameters: [String]

    init(
        _ input: Datum, _ arguments: Arguments, parameters: [String]?, required: Int, _ renderer: Renderer
    ) throws {
        self.input = input
        self.arguments = arguments
        self.renderer = renderer
        self.parameters = parameters ?? []
        values = try parameters.map { try arguments.bound(to: $0, required: required) } ?? []
    }

    /// The argument at an index as it was given; nil when it was not.
    subscript(_ index: Int) -> Datum? { values[index] }

    func datum(_ index: Int) throws -> Datum? { try values.datum(index) }
    func text(_ index: Int) throws -> String? { try values.text(index, parameters[index]) }
    func int(_ index: Int) throws -> Int? { try values.int(index, parameters[index]) }
    func truth(_ index: Int) throws -> Bool? { try values.truth(index) }
}

/// A filter: its parameters, and what it does.
struct Filter: Sendable {
    /// Nil when the body looks at the arguments itself.
    let parameters: [String]?
    let required: Int
    /// Something undefined is handed to the body instead of being an error.
    let acceptsUndefined: Bool
    let body: @Sendable (Invocation) throws -> Datum

    init(
        _ parameters: [String]? = [], required: Int = 0, acceptsUndefined: Bool = false,
        _ body: @escaping @Sendable (Invocation) throws -> Datum
    ) {
        self.parameters = parameters
        self.required = required
        self.acceptsUndefined = acceptsUndefined
        self.body = body
    }

    /// A filter on the text of its input.
    static func text(
        _ parameters: [String] = [], required: Int = 0,
        _ body: @escaping @Sendable (String, Invocation) throws -> Datum
    ) -> Filter {
        Filter(parameters, required: required) { try body(try $0.input.text(), $0) }
    }

    /// A filter on the elements of its input.
    static func sequence(
        _ parameters: [String] = [], required: Int = 0,
        _ body: @escaping @Sendable ([Datum], Invocation) throws -> Datum
    ) -> Filter {
        Filter(parameters, required: required) { try body(try $0.input.elements(), $0) }
    }
}

/// A test behind `is`: its parameters, and what it says.
struct Test: Sendable {
    let parameters: [String]
    let required: Int
    let acceptsUndefined: Bool
    let body: @Sendable (Invocation) throws -> Bool

    init(
        _ parameters: [String] = [], required: Int = 0, acceptsUndefined: Bool = false,
        _ body: @escaping @Sendable (Invocation) throws -> Bool
    ) {
        self.parameters = parameters
        self.required = required
        self.acceptsUndefined = acceptsUndefined
        self.body = body
    }
}
