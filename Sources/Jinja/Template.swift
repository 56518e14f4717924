public import Values

/// A parsed Jinja template. Parsing happens once; it can be rendered any number of times, also at the same time.
///
/// The language is that of Jinja2 3.1 with Python's values, strict about undefined names, with the extensions `do`,
/// loop controls and Salt's `load_*` and `import_*` tags, filters and tests.
public struct Template: Sendable {
    private let tree: TemplateTree

    /// Reads a template.
    /// - Throws: the first mistake in it, with its place.
    public init(_ source: SourceText) throws(Diagnostics) {
        tree = try TemplateTree(source, whitespace: Whitespace())
    }

    /// Renders the template.
    ///
    /// The work is done on the calling thread, bounded in time, depth and size.
    /// - Parameters:
    ///   - context: the names the template sees; templates that it imports see them too, as in Salt.
    ///   - environment: where other templates come from, and settings.
    /// - Throws: what went wrong, at its place in the template.
    public func render(
        _ context: [String: JinjaValue], environment: Environment = Environment()
    ) throws(Diagnostics) -> Rendered {
        let tree =
            self.tree.whitespace == environment.whitespace
            ? self.tree : try TemplateTree(self.tree.source, whitespace: environment.whitespace)
        let renderer = Renderer(tree, context: context, environment: environment)
        do {
            try renderer.run(renderer.activation)
        } catch {
            throw Diagnostics(Fault(error).diagnostic)
        }
        let newline = environment.keepsFinalNewline && tree.source.text.utf8.last == UInt8(ascii: "\n")
        return Rendered(
            source: renderer.output.source(name: tree.source.name, suffix: newline ? "\n" : ""),
            exports: renderer.exports)
    }
}

/// What a template rendered to.
public struct Rendered: Sendable {
    /// The text with the origin of every line, ready for a reader whose messages shall point into the template.
    public let source: SourceText
    /// The data that the template's top level gave names to, but for names that begin with an underscore.
    public let exports: [String: Value]

    /// The text.
    public var text: String { source.text }
}

extension Renderer {
    fileprivate var exports: [String: Value] {
        var result: [String: Value] = [:]
        for (name, datum) in activation.top.names where !name.hasPrefix("_") {
            if let value = try? datum.value() { result[name] = value }
        }
        return result
    }
}
