/// A place in a source: file, line and column, both counted from 1, the column in characters.
public struct Mark: Sendable, Hashable, CustomStringConvertible {
    /// The text this is a place in.
    public let source: SourceText
    /// Line, from 1.
    public let line: Int
    /// Column, from 1.
    public let column: Int

    public init(source: SourceText, line: Int, column: Int) {
        self.source = source
        self.line = line
        self.column = column
    }

    /// `file:line:column`, as compilers print it.
    public var description: String { "\(source.name):\(line):\(column)" }

    public static func == (left: Mark, right: Mark) -> Bool {
        left.line == right.line && left.column == right.column && left.source.name == right.source.name
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(source.name)
        hasher.combine(line)
        hasher.combine(column)
    }
}
