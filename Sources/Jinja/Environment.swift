public import Values

/// What a render can reach besides its context, and how white space is treated. The defaults are Salt's.
public struct Environment: Sendable {
    /// Gives the source of a template by the path that `include`, `import`, `from` or `extends` names; nil if there is
    /// none.
    public var load: @Sendable (String) throws -> SourceText?
    /// Drops the line end behind a block tag.
    public var trimBlocks: Bool
    /// Drops the indentation before a block tag that begins its line.
    public var lstripBlocks: Bool
    /// Jinja drops a template's last line end. Salt puts that of the rendered template (not of included ones) back.
    public var keepsFinalNewline: Bool
    /// Further filters: called with the input as first argument.
    public var filters: [String: JinjaFunction]
    /// Further tests: called with the input as first argument; the result counts by its truth.
    public var tests: [String: JinjaFunction]

    public init(
        load: @escaping @Sendable (String) throws -> SourceText? = { _ in nil }, trimBlocks: Bool = false,
        lstripBlocks: Bool = false, keepsFinalNewline: Bool = true, filters: [String: JinjaFunction] = [:],
        tests: [String: JinjaFunction] = [:]
    ) {
        self.load = load
        self.trimBlocks = trimBlocks
        self.lstripBlocks = lstripBlocks
        self.keepsFinalNewline = keepsFinalNewline
        self.filters = filters
        self.tests = tests
    }

    var whitespace: Whitespace { Whitespace(trimBlocks: trimBlocks, lstripBlocks: lstripBlocks) }
}
