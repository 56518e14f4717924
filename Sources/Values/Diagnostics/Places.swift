/// Turns the line and column that a scanner counts (from 0, columns in Unicode scalars) into marks.
struct Places {
    private let source: SourceText
    /// Whether a line is ASCII only, so that its columns need no conversion.
    private var plainLines: [Int: Bool] = [:]
    /// Converting a column costs a walk along its line; beyond this length the scalar count is used as it is.
    private static let longestConverted = 4096

    init(_ source: SourceText) { self.source = source }

    mutating func mark(line: Int, column: Int) -> Mark {
        source.mark(line: line + 1, column: characters(before: column, in: line) + 1)
    }

    private mutating func characters(before column: Int, in line: Int) -> Int {
        guard column > 0, column <= Self.longestConverted, let text = source.line(line + 1) else { return column }
        let plain = plainLines[line] ?? text.utf8.allSatisfy { $0 < 0x80 }
        plainLines[line] = plain
        if plain { return column }
        return Substring(text.unicodeScalars.prefix(column)).count
    }
}
