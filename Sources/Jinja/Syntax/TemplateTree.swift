internal import Values

/// A parsed template: immutable, shared by every render of it.
final class TemplateTree: Sendable {
    let source: SourceText
    let whitespace: Whitespace
    let body: [Statement]
    /// Every block of the template, nested ones too, by name.
    let blocks: [String: BlockDefinition]

    init(_ source: SourceText, whitespace: Whitespace) throws(Diagnostics) {
        self.source = source
        self.whitespace = whitespace
        do throws(SyntaxError) {
            var parser = Parser(try Lexer.tokens(of: source, whitespace: whitespace))
            body = try parser.template()
            blocks = parser.blocks
        } catch {
            throw Diagnostics(error.diagnostic(in: source))
        }
    }
}
