/// A text that positions point into: an inventory, an SLS file, a template, or what a template rendered to.
///
/// A rendered text remembers, line by line, where it came from, so that a mistake found in the rendered
/// YAML is still shown at the template's own line.
public final class SourceText: Sendable {
    /// The name people know the text by: a path, or words in angle brackets (`<argument>`).
    public let name: String
    /// The whole text.
    public let text: String
    /// The text's lines without their line ends.
    public let lines: [Substring]
    /// For a rendered text: for each of its lines (by index), the place in the template that wrote it.
    public let origins: [Mark?]

    /// Makes a source.
    /// - Parameters:
    ///   - name: what diagnostics call it.
    ///   - text: its whole content.
    ///   - origins: for a rendered text, where each line came from; empty for a text people wrote.
    public init(name: String, text: String, origins: [Mark?] = []) {
        self.name = name
        self.text = text
        self.lines = text.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }
        self.origins = origins
    }

    /// The place at a 1-based line and column, followed back to the template if this text was rendered.
    public func mark(line: Int, column: Int) -> Mark {
        if line >= 1, line <= origins.count, let origin = origins[line - 1] { return origin }
        return Mark(source: self, line: line, column: column)
    }

    /// The 1-based line, or nil when there is none of that number.
    public func line(_ number: Int) -> Substring? {
        guard number >= 1, number <= lines.count else { return nil }
        return lines[number - 1]
    }
}
