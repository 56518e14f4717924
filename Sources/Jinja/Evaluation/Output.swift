internal import Values

/// Rendered text that remembers for each of its lines who wrote the beginning of it.
struct Output {
    private(set) var bytes: [UInt8] = []
    /// By line; nil while only white space without a place was written to it.
    private var origins: [Mark?] = [nil]
    /// The line in progress already has the origin of visible text.
    private var isSettled = false

    /// Adds the text of an expression; every line of it comes from the expression's place.
    mutating func write(_ text: String, from mark: @autoclosure () -> Mark) {
        guard !text.isEmpty else { return }
        settle(mark)
        append(text) { _, _ in mark() }
    }

    /// Adds template text that stands at `place` of `source`; its lines are the template's lines.
    mutating func write(text: String, at place: Place, of source: SourceText) {
        append(text) { line, column in
            let firstColumn = line == 0 ? Int(place.column) : 1
            return source.mark(line: Int(place.line) + line, column: firstColumn + column)
        }
    }

    private mutating func settle(_ mark: () -> Mark) {
        guard !isSettled else { return }
        origins[origins.count - 1] = mark()
        isSettled = true
    }

    /// `mark` is asked for the line of the text and the number of blanks before its first visible character.
    private mutating func append(_ text: String, mark: (_ line: Int, _ column: Int) -> Mark) {
        var line = 0
        var column = 0
        for byte in text.utf8 {
            bytes.append(byte)
            if byte == UInt8(ascii: "\n") {
                if origins[origins.count - 1] == nil { origins[origins.count - 1] = mark(line, 0) }
                line += 1
                column = 0
                origins.append(nil)
                isSettled = false
            } else if isSettled {
                continue
            } else if byte.isTemplateSpace {
                column += 1
            } else {
                origins[origins.count - 1] = mark(line, column)
                isSettled = true
            }
        }
    }

    var text: String { String(decoding: bytes, as: UTF8.self) }

    /// The text as a source of its own, whose lines lead back to the template.
    func source(name: String, suffix: String = "") -> SourceText {
        SourceText(name: name, text: text + suffix, origins: origins)
    }
}
