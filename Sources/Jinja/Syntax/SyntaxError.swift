internal import Values

/// A mistake in the text of a template; becomes a `Diagnostic` at the edge of the parser.
struct SyntaxError: Error {
    let summary: String
    var detail: String?
    var hint: String?
    let place: Place

    init(_ summary: String, detail: String? = nil, hint: String? = nil, at place: Place) {
        self.summary = summary
        self.detail = detail
        self.hint = hint
        self.place = place
    }

    func diagnostic(in source: SourceText) -> Diagnostic {
        .error(summary, detail: detail, hint: hint, mark: source.mark(at: place))
    }
}

extension SourceText {
    /// The mark of a node of this template.
    func mark(at place: Place) -> Mark { mark(line: Int(place.line), column: Int(place.column)) }
}
